package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

// valueLine is one value in words, from public test specifications.
type valueLine struct {
	Words     string
	Type      questioning.Type
	Lang      string
	Reference string // the time now, empty when the value needs none
	Accept    []any
	AskAgain  bool `json:"ask_again"`
}

// referenceForm is the layout of valueLine.Reference, without a zone.
const referenceForm = "2006-01-02T15:04:05"

// judgeValues reads each value as an answer to a question for its type.
func judgeValues(lines []line) ([]judged, error) {
	values, err := decodeLines[valueLine](lines)
	if err != nil {
		return nil, err
	}
	all := make([]judged, len(values))
	for i, v := range values {
		c := parse.Context{Now: inDialogue.Now, Language: v.Lang}
		if v.Reference != "" {
			if c.Now, err = time.Parse(referenceForm, v.Reference); err != nil {
				return nil, fmt.Errorf("line %s: %w", lines[i].id, err)
			}
		}
		all[i] = v.judge(lines[i].id, c)
	}
	return all, nil
}

// judge reads the words as the answer to a question for their type. If the
// specification says that there is no single value, asking again is right.
func (v valueLine) judge(id string, c parse.Context) judged {
	slot := questioning.Slot{Key: "value", Title: "Value", Type: v.Type}
	j := judged{Section: askedSection, Set: "values", Type: string(v.Type), Lang: v.Lang, Words: v.Words, Line: id}
	want := make([]string, len(v.Accept))
	for i, value := range v.Accept {
		want[i] = fmt.Sprint(value)
		if number, ok := value.(float64); ok {
			want[i] = strconv.FormatFloat(number, 'g', -1, 64)
		}
	}
	j = j.judge(understandWords(slot, v.Words, c), want)
	if v.AskAgain {
		j.Section = noValueSection
		if j.Verdict == asked {
			j.Verdict = right
		}
	}
	return j
}
