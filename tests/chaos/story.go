package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// statement is one answer that a person gave.
type statement struct {
	Slot    string              `json:"slot"`
	Outcome questioning.Outcome `json:"outcome"`
	Value   any                 `json:"value,omitempty"` // as decoded from JSON; nil for unreadable words
	Words   string              `json:"words"`
	// Acknowledged reports that a call with it succeeded. Otherwise the client was killed
	// before the result, and the answer may or may not count.
	Acknowledged bool `json:"acknowledged"`
	Revises      bool `json:"revises,omitempty"`
	// Call numbers the calls and forms with answers. Together means that the order of the
	// answers within one is unknown.
	Call     int  `json:"call"`
	Together bool `json:"together,omitempty"`
	// Reopened means that the result of a later revision withdrew it. Shaken means that a
	// revision by a killed client may have.
	Reopened bool `json:"reopened,omitempty"`
	Shaken   bool `json:"shaken,omitempty"`
}

// sure reports whether the answer certainly counts, unless it is revised.
func (s statement) sure() bool { return s.Acknowledged && !s.Shaken }

// key identifies equal answers.
func (s statement) key() string { return contentKey(s.Slot, s.Outcome, s.Value, s.Words) }

// contentKey is the JSON of what an answer says.
func contentKey(slot string, outcome questioning.Outcome, value any, words string) string {
	encoded, err := json.Marshal([]any{slot, outcome, value, words})
	if err != nil {
		return err.Error() // values come from JSON
	}
	return string(encoded)
}

// say records a person's statements in one call or form.
// Call it before the call is made: an answer counts as given from then on.
func (s *story) say(said ...statement) {
	s.calls++
	for _, one := range said {
		one.Call = s.calls
		s.Statements = append(s.Statements, one)
	}
}

// unsure reports whether a statement about a slot may or may not count: a killed client's.
func (s *story) unsure(slot string) bool {
	return slices.ContainsFunc(s.Statements, func(one statement) bool { return one.Slot == slot && !one.sure() })
}

// event is one line of a story.
type event struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
	Data any       `json:"data,omitempty"`
}

// story records everything that happens in one conversation. It is not safe for concurrent
// use.
// It is written to stories.jsonl in full; the fields are named for those who search there.
type story struct {
	Number       int         `json:"number"`
	Seed         int64       `json:"seed"`
	Kind         string      `json:"kind"`
	Conversation string      `json:"conversation"`
	Statements   []statement `json:"statements"`
	Events       []event     `json:"events"`
	Findings     []finding   `json:"findings"`
	calls        int
}

// log adds an event. Stories are for people who look for the cause of a finding.
func (s *story) log(what string, data any) {
	s.Events = append(s.Events, event{time.Now().UTC(), what, data})
}

// finding is a difference between a report and the statements.
type finding struct {
	Kind verdict `json:"kind"`
	Text string  `json:"text"`
}

// verdict is how a report differs from the statements.
type verdict string

const (
	lost    verdict = "lost"    // acknowledged but missing
	doubled verdict = "doubled" // recorded more often than stated
	wrong   verdict = "wrong"   // anything else that was not stated or is impossible
)

// find adds a finding.
// The first finding does not end the check: others may explain it.
func (s *story) find(kind verdict, format string, arguments ...any) {
	s.Findings = append(s.Findings, finding{kind, fmt.Sprintf(format, arguments...)})
}

// write prints a story as text.
func (s *story) write(out io.Writer) {
	fmt.Fprintf(out, "Conversation %d (%s, seed %d), id %s\n", s.Number, s.Kind, s.Seed, s.Conversation)
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
