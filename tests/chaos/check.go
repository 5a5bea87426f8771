package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// check compares a report and its history with the person's statements. It knows
// nothing of the server: everything is derived from what the person said and what
// was acknowledged.
//
// A report that comes while a killed client's call still runs may lack its answers or have
// them; both are right.
func (s *story) check(r conversation.Report) {
	s.checkAnswers(r.History)
	s.checkOrder(r.History)
	bySlot := map[string][]statement{}
	for _, said := range s.Statements {
		bySlot[said.Slot] = append(bySlot[said.Slot], said)
	}
	for _, slot := range slices.Sorted(maps.Keys(bySlot)) {
		s.checkSlot(slot, bySlot[slot], r)
	}
	for slot, value := range r.Values {
		if len(bySlot[slot]) == 0 {
			s.find(wrong, "the report has %s = %v, which nobody mentioned", slot, value)
		}
	}
}

// checkAnswers compares how often each answer was given with how often the history
// has it. Answers of a killed client may or may not count. Answers are counted by
// content, because an answer that was sent twice must be there once, and one that
// the person gave twice may be.
//
// lost is judged by acknowledged answers alone and doubled by all that were given, so each
// answer in between may be there or not.
func (s *story) checkAnswers(history []conversation.HistoryEntry) {
	given, sure, there := map[string]int{}, map[string]int{}, map[string]int{}
	for _, said := range s.Statements {
		given[said.key()]++
		if said.Acknowledged {
			sure[said.key()]++
		}
	}
	for i, past := range history {
		if past.AnswerNumber != i+1 {
			s.find(wrong, "answer %d of the history has number %d", i+1, past.AnswerNumber)
		}
		there[contentKey(past.Slot, past.Outcome, past.Value, past.Words)]++
	}
	for _, key := range slices.Sorted(maps.Keys(sure)) {
		if there[key] < sure[key] && !s.saidBefore(key, there) {
			s.find(lost, "%s was acknowledged %d times and is there %d times", key, sure[key], there[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(there)) {
		switch {
		case given[key] == 0:
			s.find(wrong, "%s was never said", key)
		case there[key] > given[key]:
			s.find(doubled, "%s was said %d times and is there %d times", key, given[key], there[key])
		}
	}
}

// saidBefore reports whether a killed client's answer that counts says the same in other
// words: the acknowledged one then repeats what its slot holds, and is not recorded again.
func (s *story) saidBefore(key string, there map[string]int) bool {
	at := slices.IndexFunc(s.Statements, func(one statement) bool { return one.key() == key })
	return slices.ContainsFunc(s.Statements[:at], func(one statement) bool {
		said := s.Statements[at]
		return !one.Acknowledged && one.Slot == said.Slot && one.Outcome == said.Outcome &&
			reflect.DeepEqual(one.Value, said.Value) && there[one.key()] > 0
	})
}

// checkOrder checks that acknowledged answers are in the order in which they were given.
// It skips answers that cannot be distinguished.
// Within one call of a form the order may be unknown (Together); between calls it never is.
func (s *story) checkOrder(history []conversation.HistoryEntry) {
	given, at := map[string]int{}, map[string]int{}
	for _, said := range s.Statements {
		given[said.key()]++
	}
	for _, past := range history {
		at[contentKey(past.Slot, past.Outcome, past.Value, past.Words)] = past.AnswerNumber
	}
	last, before, call := 0, 0, 0 // latest position overall, latest of earlier calls, current call
	for _, said := range s.Statements {
		number := at[said.key()]
		if said.Call != call {
			before, call = last, said.Call
		}
		if !said.Acknowledged || given[said.key()] > 1 || number == 0 {
			continue
		}
		if number < before || number < last && !said.Together {
			s.find(wrong, "%s is answer %d, and one given before it is answer %d", said.key(), number, last)
		}
		last = max(last, number)
	}
}

// checkSlot checks that the report has the latest answer to a slot and that earlier ones
// are superseded. If a killed client's answer may have counted, any value that the person
// gave is accepted.
// A reopened slot has no value, although its answers stay in the history.
func (s *story) checkSlot(slot string, said []statement, r conversation.Report) {
	value, known := r.Values[slot]
	if slices.ContainsFunc(said, func(one statement) bool { return !one.sure() }) {
		if known && !slices.ContainsFunc(said, func(one statement) bool { return reflect.DeepEqual(one.Value, value) }) {
			s.find(wrong, "the report has %s = %v, which the person never said", slot, value)
		}
		return
	}
	latest := said[len(said)-1]
	want := latest.Value
	if latest.Reopened {
		want = nil
	}
	switch {
	case want != nil && !known:
		s.find(lost, "the report lacks %s; want %v", slot, want)
	case !reflect.DeepEqual(want, value):
		s.find(wrong, "the report has %s = %v; want %v", slot, value, want)
	}
	s.checkSuperseded(slot, latest, r)
}

// checkSuperseded checks that exactly the latest answer to a slot holds, unless a
// revision has reopened the slot, and that the report cites it.
func (s *story) checkSuperseded(slot string, latest statement, r conversation.Report) {
	var of []conversation.HistoryEntry
	for _, past := range r.History {
		if past.Slot == slot {
			of = append(of, past)
		}
	}
	for i, past := range of {
		holds := i == len(of)-1 && !latest.Reopened
		if past.Holds != holds || (past.SupersededBy > 0) == holds {
			s.find(wrong, "answer %d to %s: holds is %t and superseded by is %d; want the opposite", past.AnswerNumber, slot, past.Holds, past.SupersededBy)
		}
	}
	if cited := r.Citations[slot]; len(of) > 0 && !latest.Reopened && (len(cited) != 1 || cited[0].AnswerNumber != of[len(of)-1].AnswerNumber) {
		s.find(wrong, "%s does not rest on its latest answer, %d", slot, of[len(of)-1].AnswerNumber)
	}
}

// remembered is memory's content for one slot of a conversation.
type remembered struct {
	Value string // as JSON
	Words string
}

// expected returns the content that memory must have after a report: the values of slots
// that the person answered.
// Declined and unknown slots are not among them: memory has values only.
func expected(r conversation.Report) map[string]remembered {
	all := map[string]remembered{}
	for _, c := range r.Coverage {
		cited := r.Citations[c.Slot]
		if c.State != questioning.StatusAnswered || len(cited) == 0 {
			continue
		}
		value, err := json.Marshal(c.Value)
		if err != nil {
			continue // it came from JSON
		}
		all[c.Slot] = remembered{string(value), cited[len(cited)-1].Words}
	}
	return all
}

// compare returns how memory differs from its expected content for one conversation.
// It is exact in both directions: something remembered that was withdrawn is as wrong as
// something forgotten.
func compare(want map[string]remembered, got map[string][]remembered) []finding {
	var all []finding
	find := func(kind verdict, format string, arguments ...any) {
		all = append(all, finding{kind, fmt.Sprintf("memory: "+format, arguments...)})
	}
	for _, slot := range slices.Sorted(maps.Keys(want)) {
		switch there := got[slot]; {
		case len(there) == 0:
			find(lost, "%s is not remembered", slot)
		case len(there) > 1:
			find(doubled, "%s is remembered %d times", slot, len(there))
		case there[0] != want[slot]:
			find(wrong, "%s is remembered as %v, and is %v", slot, there[0], want[slot])
		}
	}
	for _, slot := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[slot]; !ok {
			find(wrong, "%s is remembered as %v, and is not known", slot, got[slot])
		}
	}
	return all
}
