package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/migrations"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/tests/program"
)

func TestMain(m *testing.M) { postgrestest.Main(program.Runner{M: m}, migrations.Up) }

// between is a proxy that tampers with a tool's requests or responses.
type between struct {
	tool     string
	request  func(arguments map[string]any)
	response func(structured map[string]any)
}

func (b between) start(t *testing.T, endpoint string) string {
	t.Helper()
	target, err := url.Parse(endpoint)
	require.NoError(t, err)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL, r.Out.Host = target, target.Host },
		ModifyResponse: func(r *http.Response) error {
			if b.response != nil && r.Request.Header.Get("Mcp-Name") == b.tool {
				return tamper(&r.Body, &r.ContentLength, r.Header, func(m map[string]any) {
					if result, ok := m["result"].(map[string]any); ok && result["structuredContent"] != nil {
						b.response(result["structuredContent"].(map[string]any))
					}
				})
			}
			return nil
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b.request != nil && r.Header.Get("Mcp-Name") == b.tool {
			if err := tamper(&r.Body, &r.ContentLength, r.Header, func(m map[string]any) {
				b.request(m["params"].(map[string]any)["arguments"].(map[string]any))
			}); err != nil {
				t.Error(err)
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// tamper changes a JSON body.
func tamper(body *io.ReadCloser, length *int64, header http.Header, change func(map[string]any)) error {
	data, err := io.ReadAll(*body)
	if err != nil {
		return err
	}
	var message map[string]any
	if err := json.Unmarshal(data, &message); err != nil {
		return err
	}
	change(message)
	if data, err = json.Marshal(message); err != nil {
		return err
	}
	*body, *length = io.NopCloser(bytes.NewReader(data)), int64(len(data))
	header.Set("Content-Length", fmt.Sprint(len(data)))
	return nil
}

// endpoint starts the program with its own database.
func endpoint(t *testing.T) string {
	t.Helper()
	return program.Start(t, append(os.Environ(), "DATABASE_URL="+postgrestest.New(t), "ASSUME_CONFIDENCE=0", "ALLOW_UNAUTHENTICATED=true")).URL
}

// seeds gives every test different people.
var seeds atomic.Int64

// simulationsOf runs the first n conversations of a kind and returns their stories.
func simulationsOf(t *testing.T, kind, address string, n int) []*story {
	t.Helper()
	seed := seeds.Add(1)
	var stories []*story
	for number := 1; len(stories) < n; number++ {
		sim := newSimulation(options{seed: seed}, number, address, newTally())
		if sim.Kind == kind {
			sim.converse(t.Context())
			stories = append(stories, sim.story)
		}
	}
	return stories
}

func verdicts(stories []*story) map[verdict]int {
	counts := map[verdict]int{}
	for _, s := range stories {
		for _, f := range s.Findings {
			counts[f.Kind]++
		}
	}
	return counts
}

func TestConversationsOfEveryKindPassWithoutTampering(t *testing.T) {
	t.Parallel()
	address := endpoint(t)
	for kind, n := range map[string]int{byAnswers: 20, byForms: 10, byOlderForm: 5} {
		for _, s := range simulationsOf(t, kind, address, n) {
			assert.Empty(t, s.Findings, kind)
			assert.NotEmpty(t, s.Statements, kind)
			assert.NotEmpty(t, s.Conversation, kind)
		}
	}
}

func TestTamperingIsDetected(t *testing.T) {
	t.Parallel()
	address := endpoint(t)
	const several = 4
	history := func(change func([]any) []any) func(map[string]any) {
		return func(r map[string]any) { r["history"] = change(r["history"].([]any)) }
	}
	for name, test := range map[string]struct {
		between between
		kind    string
		finds   verdict
	}{
		"an acknowledged answer is dropped": {between{tool: followUpTool, request: every(3, func(arguments map[string]any) {
			delete(arguments, "answers")
			delete(arguments, "previous_messages")
		})}, byAnswers, lost},
		"a request changes an answer": {between{tool: followUpTool, request: func(arguments map[string]any) {
			for _, answer := range asList(arguments["answers"]) {
				answer.(map[string]any)["text"] = "something else"
			}
		}}, byAnswers, wrong},
		"the report lacks an answer":          {between{tool: reportTool, response: history(func(all []any) []any { return all[1:] })}, byAnswers, lost},
		"the report has an additional answer": {between{tool: reportTool, response: history(func(all []any) []any { return append(all, all[0]) })}, byForms, doubled},
		"the report's answers are swapped": {between{tool: reportTool, response: history(func(all []any) []any {
			all[0], all[len(all)-1] = all[len(all)-1], all[0]
			return all
		})}, byForms, wrong},
		"the report has another value": {between{tool: reportTool, response: func(r map[string]any) {
			for slot := range r["values"].(map[string]any) {
				r["values"].(map[string]any)[slot] = "invented"
			}
		}}, byOlderForm, wrong},
		"the report has a value that nobody gave": {between{tool: reportTool, response: func(r map[string]any) {
			r["values"].(map[string]any)["password"] = "invented"
		}}, byForms, wrong},
	} {
		t.Run(name, func(t *testing.T) {
			stories := simulationsOf(t, test.kind, test.between.start(t, address), several)
			assert.NotZero(t, verdicts(stories)[test.finds], "%v", verdicts(stories))
			counts := newTally()
			var printed strings.Builder
			for _, s := range stories {
				counts.held(s)
				s.write(&printed)
			}
			assert.False(t, counts.clean(), "the run fails")
			assert.Contains(t, printed.String(), "seed ")
			assert.Contains(t, printed.String(), "call "+reportTool, "the story is printed")
		})
	}
}

// every changes every n-th request.
func every(n int, change func(map[string]any)) func(map[string]any) {
	seen := 0
	return func(arguments map[string]any) {
		if seen++; seen%n == 0 {
			change(arguments)
		}
	}
}

func asList(value any) []any {
	list, _ := value.([]any)
	return list
}

func said(slot string, value any, words string) statement {
	return statement{Slot: slot, Outcome: questioning.Answered, Value: value, Words: words, Acknowledged: true}
}

func past(number int, slot string, value any, words string, supersededBy int) conversation.HistoryEntry {
	return conversation.HistoryEntry{Slot: slot, Value: value, Holds: supersededBy == 0, SupersededBy: supersededBy,
		Citation: conversation.Citation{AnswerNumber: number, Outcome: questioning.Answered, Words: words}}
}

func TestARevisedAnswerMustBeSuperseded(t *testing.T) {
	s := &story{Statements: []statement{said("city", "Oslo", "Oslo"), said("city", "Rome", "no, Rome")}}
	r := conversation.Report{
		Values:    map[string]any{"city": "Rome"},
		History:   []conversation.HistoryEntry{past(1, "city", "Oslo", "Oslo", 2), past(2, "city", "Rome", "no, Rome", 0)},
		Citations: map[string][]conversation.Citation{"city": {{AnswerNumber: 2}}},
	}
	s.check(r)
	assert.Empty(t, s.Findings)

	r.History[0] = past(1, "city", "Oslo", "Oslo", 0)
	s.check(r)
	assert.Len(t, s.Findings, 1)
}

func TestAKilledClientsAnswerCountsAtMostOnce(t *testing.T) {
	unsure := said("city", "Oslo", "Oslo")
	unsure.Acknowledged = false
	for times, findings := range map[int]int{0: 0, 1: 0, 2: 1} {
		s := &story{Statements: []statement{unsure}}
		var history []conversation.HistoryEntry
		for n := range times {
			history = append(history, past(n+1, "city", "Oslo", "Oslo", 0))
		}
		s.check(conversation.Report{History: history})
		assert.Len(t, s.Findings, findings, times)
	}
}

func TestMemoryIsComparedWithTheReport(t *testing.T) {
	rome, oslo := remembered{`"Rome"`, "Rome"}, remembered{`"Oslo"`, "Oslo"}
	want := map[string]remembered{"city": rome}
	for name, test := range map[string]struct {
		there map[string][]remembered
		finds []verdict
	}{
		"the same":             {map[string][]remembered{"city": {rome}}, nil},
		"nothing":              {nil, []verdict{lost}},
		"twice":                {map[string][]remembered{"city": {rome, rome}}, []verdict{doubled}},
		"another":              {map[string][]remembered{"city": {oslo}}, []verdict{wrong}},
		"an additional answer": {map[string][]remembered{"city": {rome}, "owner": {oslo}}, []verdict{wrong}},
		"only another answer":  {map[string][]remembered{"owner": {oslo}}, []verdict{lost, wrong}},
	} {
		var kinds []verdict
		for _, f := range compare(want, test.there) {
			kinds = append(kinds, f.Kind)
		}
		assert.Equal(t, test.finds, kinds, name)
	}
}

func TestARunWithoutConversationsIsNotClean(t *testing.T) {
	assert.False(t, newTally().clean())
}

func TestAnAnswerThatRepeatsAKilledClientsIsNotLost(t *testing.T) {
	t.Parallel()
	killed, again := said("city", true, "yes, I think"), said("city", true, "yes")
	killed.Acknowledged = false
	entry := func(s statement) conversation.HistoryEntry {
		return conversation.HistoryEntry{Slot: s.Slot, Value: s.Value, Holds: true, Citation: conversation.Citation{AnswerNumber: 1, Outcome: s.Outcome, Words: s.Words}}
	}
	for name, c := range map[string]struct {
		before statement
		there  []conversation.HistoryEntry
		lost   int
	}{
		"the killed client's counts":       {killed, []conversation.HistoryEntry{entry(killed)}, 0},
		"neither is there":                 {killed, nil, 1},
		"the killed client said no":        {statement{Slot: "city", Outcome: killed.Outcome, Value: false, Words: "no"}, []conversation.HistoryEntry{entry(statement{Slot: "city", Outcome: killed.Outcome, Value: false, Words: "no"})}, 1},
		"the client before was not killed": {said("city", true, "yes, I think"), []conversation.HistoryEntry{entry(killed)}, 1},
	} {
		s := &story{}
		s.say(c.before)
		s.say(again)
		s.checkAnswers(c.there)
		assert.Equal(t, c.lost, verdicts([]*story{s})[lost], name)
	}
}
