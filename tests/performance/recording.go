package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// slots is the number of slots of the measured conversations. Every call answers one.
const slots = 20

// tape is a recorded conversation of the service with every statement that it sends
// to the database. Bare pgx replays it, so that the baseline always matches the
// code. It is read-only once recorded.
// Nobody has to keep the baseline's SQL up to date, and nobody can flatter the comparison
// with it.
type tape struct {
	id      string      // of the recorded conversation
	opening []roundTrip // the transaction that opens it
	turns   []turn
}

// turn is one call of follow_up.
type turn struct {
	arguments []byte // of the tool
	slot      string
	value     any
	trips     []roundTrip // its transaction
}

// roundTrip is one round trip to the database.
// A batch is one even if it has many statements; that is the point of it.
type roundTrip struct {
	batch      bool
	statements []statement
}

// statement is one SQL statement as pgx sent it.
// args are what pgx got, before it encodes them.
type statement struct {
	sql  string
	args []any
	tag  string // the database's response
}

// needed returns required slots of every common type. All are required and none
// depends on another, so the engine asks for each exactly once.
func needed() json.RawMessage {
	types := []string{
		`{"type": "string"}`,
		`{"type": "integer", "minimum": 1, "maximum": 1000}`,
		`{"type": "boolean"}`,
		`{"enum": ["red", "green", "blue"]}`,
		`{"type": "string", "format": "date"}`,
	}
	var properties, required []string
	for i := range slots {
		properties = append(properties, fmt.Sprintf("%q: %s", slotKey(i), types[i%len(types)]))
		required = append(required, fmt.Sprintf("%q", slotKey(i)))
	}
	return json.RawMessage(`{"type": "object", "required": [` + strings.Join(required, ", ") + `], "properties": {` + strings.Join(properties, ", ") + `}}`)
}

// slotKey names slots so that they sort by their number.
func slotKey(i int) string { return fmt.Sprintf("detail_%02d", i+1) }

// valueFor is an answer of the slot's type.
// With five types and twenty slots, each type is used four times.
func valueFor(key string) any {
	values := []any{"Lisbon, by the river", 12, true, "green", "2026-12-10"}
	var n int
	fmt.Sscanf(key, "detail_%d", &n)
	return values[(n-1)%len(values)]
}

// askInput opens the conversation. Batches of one question make each call one
// answer.
func askInput() conversation.AskInput {
	return conversation.AskInput{Context: "Plan a trip for the whole team", InformationNeeded: needed(), BatchSize: 1}
}

// openingArguments are askInput as the tool gets them.
func openingArguments() ([]byte, error) { return json.Marshal(askInput()) }

// record runs a conversation in this process and records its statements. The service
// runs without memory, model and events' relay: these cost statements of their own,
// which the functions do not send in the measured calls either.
// It stops if a call records anything but its one answer: the tape would replay something
// else.
func record(ctx context.Context, url string) (*tape, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	var r recorder
	config.ConnConfig.Tracer = &r
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	service := conversation.New(store.New(pool), conversation.Config{BatchSize: 3, MaxQuestions: 100})
	defer service.Close()
	now, err := service.Ask(ctx, askInput())
	if err != nil {
		return nil, err
	}
	t := &tape{id: now.ConversationID, opening: r.take()}
	for !now.Metadata.Complete {
		key := now.Questions[0].Slot
		answered := turn{slot: key, value: valueFor(key)}
		if answered.arguments, err = json.Marshal(conversation.FollowUpInput{
			ConversationID: t.id, Answers: []conversation.AnswerInput{{QuestionNumber: now.CurrentQuestionNumber, Value: answered.value}},
		}); err != nil {
			return nil, err
		}
		var in conversation.FollowUpInput // as the tool reads it
		if err := json.Unmarshal(answered.arguments, &in); err != nil {
			return nil, err
		}
		if now, err = service.FollowUp(ctx, in); err != nil {
			return nil, err
		}
		if now.Metadata.AnswersRecorded != 1 {
			return nil, fmt.Errorf("the answer to %s was not recorded", key)
		}
		answered.trips = r.take()
		t.turns = append(t.turns, answered)
	}
	if len(t.turns) != slots {
		return nil, fmt.Errorf("the conversation took %d turns, want %d", len(t.turns), slots)
	}
	return t, nil
}

// recorder records statements as pgx sends them. It is a pgx tracer; its methods are
// called in the order of the statements.
// mu guards trips: the service may send statements in the background.
type recorder struct {
	mu    sync.Mutex
	trips []roundTrip
}

// take returns what was recorded since the last take.
func (r *recorder) take() []roundTrip {
	r.mu.Lock()
	defer r.mu.Unlock()
	trips := r.trips
	r.trips = nil
	return trips
}

// add begins a round trip.
func (r *recorder) add(batch bool, s ...statement) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trips = append(r.trips, roundTrip{batch, s})
}

// answered adds statements to the current round trip, and the database's response
// to the last of them.
func (r *recorder) answered(tag string, s ...statement) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := &r.trips[len(r.trips)-1]
	last.statements = append(last.statements, s...)
	last.statements[len(last.statements)-1].tag = tag
}

// TraceQueryStart and the methods below are those of pgx.QueryTracer and pgx.BatchTracer.
// A query is a round trip of its own. Arguments are cloned, since pgx may reuse the slice.
func (r *recorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	r.add(false, statement{sql: q.SQL, args: slices.Clone(q.Args)})
	return ctx
}

func (r *recorder) TraceQueryEnd(_ context.Context, _ *pgx.Conn, q pgx.TraceQueryEndData) {
	r.answered(q.CommandTag.String())
}

func (r *recorder) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	r.add(true)
	return ctx
}

func (r *recorder) TraceBatchQuery(_ context.Context, _ *pgx.Conn, q pgx.TraceBatchQueryData) {
	r.answered(q.CommandTag.String(), statement{sql: q.SQL, args: slices.Clone(q.Args)})
}

func (r *recorder) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}
