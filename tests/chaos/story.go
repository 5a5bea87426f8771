package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// statement is one answer that a person gave.
type statement struct {
	Slot    string              `json:"slot"`
	Outcome questioning.Outcome `json:"outcome"`
	Value   any                 `json:"value,omitempty"` // as JSON holds it; nil for words that nobody can read
	Words   string              `json:"words"`
	// Acknowledged says that a call which carried it succeeded. Otherwise the
	// client was killed before it knew, and the answer may count or not.
	Acknowledged bool `json:"acknowledged"`
	Revises      bool `json:"revises,omitempty"`
	// Call numbers the calls and forms that carry answers. Together says that
	// nothing is known of the order of those in one.
	Call     int  `json:"call"`
	Together bool `json:"together,omitempty"`
	// Reopened says that a later revision took it back, by what its result said.
	// Shaken says that one of a killed client may have.
	Reopened bool `json:"reopened,omitempty"`
	Shaken   bool `json:"shaken,omitempty"`
}

// sure says that the answer is known to count, and to hold unless it is revised.
func (s statement) sure() bool { return s.Acknowledged && !s.Shaken }

// key is what makes two answers the same.
func (s statement) key() string { return contentKey(s.Slot, s.Outcome, s.Value, s.Words) }

func contentKey(slot string, outcome questioning.Outcome, value any, words string) string {
	encoded, err := json.Marshal([]any{slot, outcome, value, words})
	if err != nil {
		return err.Error() // values come from JSON
	}
	return string(encoded)
}

// say notes what a person says in one call or form.
func (s *story) say(said ...statement) {
	s.calls++
	for _, one := range said {
		one.Call = s.calls
		s.Statements = append(s.Statements, one)
	}
}

// event is one line of a story.
type event struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
	Data any       `json:"data,omitempty"`
}

// story is everything that happened in one interview. It belongs to one
// goroutine.
type story struct {
	Number       int         `json:"interview"`
	Seed         int64       `json:"seed"`
	Kind         string      `json:"kind"`
	Conversation string      `json:"conversation"`
	Statements   []statement `json:"statements"`
	Events       []event     `json:"events"`
	Findings     []finding   `json:"findings"`
	calls        int
}

func (s *story) tell(what string, data any) {
	s.Events = append(s.Events, event{time.Now().UTC(), what, data})
}

// finding is something that is not as it was said.
type finding struct {
	Kind verdict `json:"kind"`
	Text string  `json:"text"`
}

// verdict is how a report differs from what was said.
type verdict string

const (
	lost    verdict = "lost"    // acknowledged, and not there
	doubled verdict = "doubled" // there more often than said
	wrong   verdict = "wrong"   // anything else that nobody said or that cannot be
)

func (s *story) find(kind verdict, format string, arguments ...any) {
	s.Findings = append(s.Findings, finding{kind, fmt.Sprintf(format, arguments...)})
}

// write prints a story as a person reads it.
func (s *story) write(out io.Writer) {
	fmt.Fprintf(out, "Interview %d (%s, seed %d), conversation %s\n", s.Number, s.Kind, s.Seed, s.Conversation)
	for _, f := range s.Findings {
		fmt.Fprintf(out, "  %s: %s\n", f.Kind, f.Text)
	}
	for _, e := range s.Events {
		data, err := json.Marshal(e.Data)
		if err != nil {
			data = []byte(err.Error())
		}
		fmt.Fprintf(out, "  %s %s %s\n", e.At.Format("15:04:05.000"), e.What, data)
	}
}
