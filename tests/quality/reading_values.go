package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

// valueLine is one value in words, from public test specifications. It may accept
// several values where the specification leaves open which is meant.
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

// judgeValues reads each value as an answer to a question for its type. A date without
// a reference is read on the day of the dialogues: any day will do, but it must be the
// same in each run.
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
		all[i].Disputed = v.lacksToday() || v.movesZone()
	}
	return all, nil
}

// frenchToday is the day that the data give for today on most French lines.
const frenchToday = "2016-11-07"

var (
	// namesYear are the words of a French date that say its year, or count years.
	namesYear = regexp.MustCompile(`(?i)\b(19|20)\d\d\b|\bans?\b|\bannées\b|soixante|\b\d+[-/.]\d+[-/.]\d+\b`)
	// wasAgo begins what lies in the past.
	wasAgo = regexp.MustCompile(`(?i)\bil y a\b`)
)

// lacksToday reports a French date that names no year and yet lies more than a year
// from the day given for today, or after it although it was some time ago: "dans trois
// semaines" of 2016 is a day of 2018. The days on which these lines were written are
// lost; one replaces them all.
func (v valueLine) lacksToday() bool {
	if v.Lang != "fr" || !strings.HasPrefix(v.Reference, frenchToday) || len(v.Accept) == 0 || namesYear.MatchString(v.Words) {
		return false
	}
	today, _ := time.Parse(time.DateOnly, frenchToday)
	for _, value := range v.Accept {
		day, err := time.Parse(time.DateOnly, firstOf(fmt.Sprint(value), len(time.DateOnly)))
		ahead := day.Sub(today)
		if err != nil || day.Year() < 1900 || ahead.Abs() <= 366*24*time.Hour && !(ahead > 0 && wasAgo.MatchString(v.Words)) {
			return false
		}
	}
	return true
}

// firstOf is the beginning of a text: the day of a moment.
func firstOf(s string, n int) string { return s[:min(len(s), n)] }

// zone is the name of a time zone.
var zone = regexp.MustCompile(`\b(UTC|GMT|[CEMP][SD]T|C?E[SD]?T|CET|CEST)\b`)

// movesZone reports a time with a named zone, which the data turn into another one that
// no word names.
func (v valueLine) movesZone() bool {
	return (v.Type == questioning.Time || v.Type == questioning.DateTime) && zone.MatchString(v.Words)
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
