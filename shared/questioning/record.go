package questioning

import (
	"fmt"
	"reflect"
	"slices"
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
	return answer, nil
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

// Pass notes that a reply answered others and left the open questions out. A
// question left out twice is asked no more.
func (st *State) Pass() {
	st.Open = slices.DeleteFunc(slices.Clone(st.Open), func(q Question) bool {
		i := st.Index(q.Slot)
		st.SlotStates[i].Passed++
		return st.SlotStates[i].Passed >= maxPassed
	})
}
