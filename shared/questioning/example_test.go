package questioning_test

import (
	"fmt"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

var bugReport = []questioning.Slot{
	{Key: "problem", Title: "Problem", Type: questioning.Text, Required: true},
	{Key: "platform", Title: "Platform", Type: questioning.Choice, Required: true,
		Options: []questioning.Option{{Value: "iOS"}, {Value: "Android"}}},
	{Key: "version", Title: "Android version", Type: questioning.Number,
		When: &questioning.Condition{Slot: "platform", In: []any{"Android"}}},
}

func Example() {
	state := questioning.New("Report a bug", bugReport, questioning.Limits{BatchSize: 2})
	for _, q := range state.Next().Questions {
		fmt.Printf("%d. %s %s\n", q.Number, q.Text, q.Reason)
	}
	// What parse.Read made of the replies:
	_, _ = state.Record(questioning.Answer{Slot: "problem", Outcome: questioning.Answered, Value: "It crashes", Words: "it crashes"})
	_, _ = state.Record(questioning.Answer{Slot: "platform", Outcome: questioning.Answered, Value: "iOS", Words: "on my iPhone"})

	stop := state.Next().Stop
	fmt.Println(stop.Reason, "-", stop.Text)
	for _, slot := range state.Coverage() {
		fmt.Println(slot.Slot.Key, slot.Status, slot.Value)
	}
	// Output:
	// 1. Problem? The rest makes sense by it.
	// 2. Platform? Decides whether to ask for Android version.
	// all_settled - Everything wanted is settled.
	// problem answered It crashes
	// platform answered iOS
	// version not_applicable <nil>
}

func ExampleState_Revise() {
	state := questioning.New("Report a bug", bugReport, questioning.Limits{BatchSize: 2})
	_, _ = state.Record(questioning.Answer{Slot: "platform", Outcome: questioning.Answered, Value: "Android", Words: "Android"})
	_, _ = state.Record(questioning.Answer{Slot: "version", Outcome: questioning.Answered, Value: 15.0, Words: "15"})

	revised, _ := state.Revise(questioning.Answer{Slot: "platform", Outcome: questioning.Answered, Value: "iOS", Words: "no, iOS"})
	fmt.Println("was", revised.Before.Value, "is", state.SlotStates[state.Index("platform")].Value)
	for _, r := range revised.Reopened {
		fmt.Println("took back", r.Slot.Key, r.Before.Value, "asked again:", r.Applies)
	}
	// Output:
	// was Android is iOS
	// took back version 15 asked again: false
}
