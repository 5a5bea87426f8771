package main

import (
	"encoding/json"
	"fmt"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// verdict is the result for one value that a person said. Asking again costs a
// question; a silently wrong value costs the conversation its purpose, so the two are
// never added up to one figure. A person repeats an answer without much ado, but may
// not notice that another one was stored.
type verdict string

const (
	right  verdict = "right"
	asked  verdict = "asked again"    // nothing is stored, for any reason
	silent verdict = "silently wrong" // something is stored that was not said
)

// The sections of the tables of readings.
const (
	askedSection   = "asked"   // a question was put, and the reply answers it
	unaskedSection = "unasked" // nobody asked: offered as an assumption, or not
	noValueSection = "novalue" // no single value is said: a range, a bound, a period
)

// judged is one value of the data with its reading. The fields are written out as JSON
// for whoever looks at what went wrong (--wrong).
type judged struct {
	Section string   `json:"section"`
	Set     string   `json:"set"` // the data set and what of it
	Type    string   `json:"type"`
	Lang    string   `json:"lang"`
	Verdict verdict  `json:"verdict"`
	Slot    string   `json:"slot,omitempty"`
	Asked   string   `json:"question,omitempty"`
	Words   string   `json:"words"`
	Read    any      `json:"read,omitempty"`
	Problem string   `json:"problem,omitempty"`
	Want    []string `json:"want"`
	// Offered reports that a value was proposed, for values said without a question.
	Offered bool `json:"offered,omitempty"`
	// Disputed leaves the value out: a careful person reads something else than the data
	// say, for a reason that holds for all lines of its kind.
	Disputed bool `json:"-"`
	// Unannotated reports that the data have no such value.
	Unannotated bool `json:"unannotated,omitempty"`
	// Line identifies the line of the data; see disputed.
	Line string `json:"line"`
}

// line is one line of a file of data.
type line struct {
	id   string
	data []byte
}

// decodeLines decodes each of the lines, as JSON, into a T.
func decodeLines[T any](lines []line) ([]T, error) {
	all := make([]T, len(lines))
	for i, l := range lines {
		if err := json.Unmarshal(l.data, &all[i]); err != nil {
			return nil, fmt.Errorf("line %s: %w", l.id, err)
		}
	}
	return all, nil
}

// judge compares what was read with what was said. A reading that stores
// nothing asks again.
func (j judged) judge(read understood, want []string) judged {
	j.Want, j.Read, j.Problem = want, read.Value, read.Problem
	switch {
	case !read.stored():
		j.Verdict = asked
	case read.means(questioning.Type(j.Type), want):
		j.Verdict = right
	default:
		j.Verdict = silent
		if read.Value == nil {
			j.Read = read.Outcome
		}
	}
	return j
}
