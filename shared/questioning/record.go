package questioning

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
)

// Record records an answer and returns it numbered. It answers the slot's open
// question, if there is one, and updates the slot's state. The slot must exist.
func (st *State) Record(answer Answer) (Answer, error) {
	i := st.Index(answer.Slot)
	if i < 0 {
		return Answer{}, fmt.Errorf("record answer: no slot %q", answer.Slot)
	}
	st.Answered++
	answer.Number, answer.Question, answer.Bits = st.Answered, 0, 0
	purpose := Ask
	if q := slices.IndexFunc(st.Open, func(q Question) bool { return q.Slot == answer.Slot }); q >= 0 {
		answer.Question = st.Open[q].Number
		purpose = st.Open[q].Purpose
		st.Open = slices.Delete(slices.Clone(st.Open), q, q+1)
	}
	before := st.SlotStates[i]
	if before.Value == nil && answer.Outcome == Answered && answer.Problem == "" {
		var b *beliefs // which decide about options alone
		if kind := st.Slots[i].Type; kind == Boolean || kind == Choice {
			b = st.beliefs()
		}
		answer.Bits = st.bits(i, b)
	}
	st.SlotStates[i] = moved(before, answer, purpose)
	st.checkOrder(i)
	st.assumeCondition(i)
	return answer, nil
}

// assumeCondition assumes the yes or no on which slot i depends, once slot i holds a
// value: who names the destination knows it. A choice among several is not assumed: who
// gives an address may still prefer the telephone.
func (st *State) assumeCondition(i int) {
	when := st.Slots[i].When
	if when == nil || len(when.In) != 1 || !st.SlotStates[i].Known() {
		return
	}
	on := st.Index(when.Slot)
	if on < 0 || st.Slots[on].Type != Boolean || st.SlotStates[on].Status != StatusMissing {
		return
	}
	st.SlotStates[on] = SlotState{
		Status: StatusAssumed, Value: when.In[0], Words: st.SlotStates[i].Words,
		Source: st.printer().Text(messages.FromAnswer, plain.Line(st.Slots[i].Title)),
	}
	st.Withdraw(when.Slot)
	st.assumeCondition(on)
}

// moved returns the slot state after an answer to a question of some purpose.
func moved(s SlotState, a Answer, purpose Purpose) SlotState {
	holds := s.Status == StatusAnswered || s.Status == StatusContradicted
	switch {
	case a.Outcome != Answered:
		if purpose == Confirm {
			s.Answers = cite(s.Answers, a.Number) // the contradiction stands
			return s
		}
		s.Status, s.Value, s.Answers = Status(a.Outcome), nil, []int{a.Number}
	case a.Problem != "":
		s.Answers = cite(s.Answers, a.Number)
		if holds {
			return s
		}
		s.Status, s.Value = StatusUnclear, nil
	case purpose == Confirm || !holds:
		s.Status, s.Value, s.Answers = StatusAnswered, a.Value, []int{a.Number}
	default:
		if !reflect.DeepEqual(s.Value, a.Value) && !s.Confirmed {
			s.Status = StatusContradicted
		}
		s.Value, s.Answers = a.Value, cite(s.Answers, a.Number)
	}
	s.Words, s.Source = a.Words, ""
	return s
}

// cite adds an answer to those cited, of which the latest are kept.
func cite(answers []int, number int) []int {
	answers = append(slices.Clone(answers), number)
	return answers[max(0, len(answers)-maxCited):]
}

// Pass notes which open questions a reply left out. A question left out twice is asked
// no more.
func (st *State) Pass(left func(Question) bool) {
	st.Open = slices.DeleteFunc(slices.Clone(st.Open), func(q Question) bool {
		if !left(q) {
			return false
		}
		i := st.Index(q.Slot)
		st.SlotStates[i].Passed++
		return st.SlotStates[i].Passed >= maxPassed
	})
}

// Withdraw takes the open question for a slot back. The slot is asked for again later.
func (st *State) Withdraw(key string) {
	st.Open = slices.DeleteFunc(slices.Clone(st.Open), func(q Question) bool { return q.Slot == key })
}
