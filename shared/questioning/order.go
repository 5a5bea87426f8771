package questioning

import (
	"strings"
	"time"
)

// Pairs of words that, in two keys otherwise alike, name a lower and an upper
// bound of the same thing.
var bounds = [][2]string{
	{"start", "end"}, {"begin", "end"}, {"from", "to"}, {"from", "until"},
	{"min", "max"}, {"minimum", "maximum"}, {"lower", "upper"},
	{"earliest", "latest"}, {"departure", "return"}, {"arrival", "departure"},
	{"check_in", "check_out"}, {"checkin", "checkout"}, {"first", "last"},
}

// checkOrder marks a slot contradicted when it and its counterpart are both
// answered the wrong way round: an end before its start, a least above its most.
func (st *State) checkOrder(i int) {
	for j := range st.Slots {
		lower, upper := i, j
		if !ordered(st.Slots[lower], st.Slots[upper]) {
			lower, upper = j, i
			if !ordered(st.Slots[lower], st.Slots[upper]) {
				continue
			}
		}
		if st.SlotStates[j].Status != StatusAnswered || st.SlotStates[i].Status != StatusAnswered {
			continue
		}
		if less(st.SlotStates[upper].Value, st.SlotStates[lower].Value) {
			st.SlotStates[i].Status = StatusContradicted
			st.SlotStates[i].Answers = append(last(st.SlotStates[j].Answers), st.SlotStates[i].Answers...)
		}
	}
}

// last is the latest answer alone.
func last(answers []int) []int {
	if len(answers) == 0 {
		return nil
	}
	return []int{answers[len(answers)-1]}
}

// ordered reports that a must not be above b, by their keys.
func ordered(a, b Slot) bool {
	if a.Type != b.Type || a.Key == b.Key {
		return false
	}
	switch a.Type {
	case Date, DateTime, Time, Integer, Number:
	default:
		return false
	}
	ka, kb := "_"+a.Key+"_", "_"+b.Key+"_"
	for _, pair := range bounds {
		if low := "_" + pair[0] + "_"; strings.Contains(ka, low) &&
			strings.Replace(ka, low, "_"+pair[1]+"_", 1) == kb {
			return true
		}
	}
	return false
}

// less compares values of one type; false for those that have no order.
func less(a, b any) bool {
	switch a := a.(type) {
	case float64:
		b, ok := b.(float64)
		return ok && a < b
	case string:
		b, ok := b.(string)
		if !ok {
			return false
		}
		at, errA := time.Parse(time.RFC3339, a)
		bt, errB := time.Parse(time.RFC3339, b)
		if errA == nil && errB == nil {
			return at.Before(bt)
		}
		return a < b // dates and times of day sort as text
	}
	return false
}
