package store_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
	"github.com/sequential-questioning/sequential-questioning/shared/store/internal/queries"
	"github.com/sequential-questioning/sequential-questioning/shared/store/storetest"
)

// fewConversations and manyConversations are the sizes that are compared. SCALE sets
// the larger one: `make scale` measures two million. With fewer, the indexes have two
// levels, and every further one would count.
const (
	fewConversations  = 25_000
	manyConversations = 50_000
)

// maxGrowth is how much more a call may read where there are many conversations: an
// index may be a level deeper.
const maxGrowth = 1.25

// maxBlocks bounds what one statement reads, in blocks of 8 kB.
const maxBlocks = 400

// everything are the statements that may read all rows: an operator counts or looks for
// something.
var everything = []string{"AuditTrail", "CountTombstones"}

// What a statement reads must not grow with what is stored, or ten million
// conversations are out of reach. PostgreSQL plans a prepared statement for its
// parameters, and after five times perhaps once for any: neither may scan a table.
func TestNoStatementReadsMoreWhereMoreIsStored(t *testing.T) {
	t.Parallel()
	many := manyConversations
	if wanted := os.Getenv("SCALE"); wanted != "" {
		var err error
		many, err = strconv.Atoi(wanted)
		require.NoError(t, err, "SCALE")
	}
	d := newDatabase(t)
	url := d.pool.Config().ConnString()
	storetest.Conversations(t, url, 0, fewConversations)
	few := costs(t, d)
	began := time.Now()
	storetest.Conversations(t, url, fewConversations, many)
	t.Logf("%d conversations generated in %s", many, time.Since(began).Round(time.Second))
	plans(t, url)
	grown := costs(t, d)
	t.Logf("| call | blocks, %d conversations | blocks, %d | compared | median, %[1]d | median, %[2]d | compared |", fewConversations, many)
	for i, call := range grown {
		ratio := call.blocks / few[i].blocks
		t.Logf("| %s | %.0f | %.0f | × %.2f | %.2f ms | %.2f ms | × %.2f |", call.name, few[i].blocks, call.blocks, ratio,
			milliseconds(few[i].median), milliseconds(call.median), float64(call.median)/float64(few[i].median))
		assert.LessOrEqual(t, ratio, maxGrowth, "%s: %.0f blocks with %d conversations, %.0f with %d", call.name, few[i].blocks, fewConversations, call.blocks, many)
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// cost is what a call takes of the database.
type cost struct {
	name   string
	blocks float64 // read, of tables and indexes, by the call and the constraints that it meets
	median time.Duration
}

// costs makes each call many times.
func costs(t *testing.T, d *database) []cost {
	t.Helper()
	s := d.Store
	const times = 60
	ctx := principal.With(t.Context(), "scale")
	var ids []string
	opened := func(int) { ids = append(ids, storetest.Open(t, s, "scale", "ada")) }
	calls := []struct {
		name string
		call func(i int)
	}{
		{"open", opened},
		{"answer", func(i int) { storetest.Answer(t, s, "scale", ids[i], map[string]any{"budget": 500.0}) }},
		{"revise", func(i int) { storetest.Revise(t, s, "scale", ids[i], "budget", 700.0) }},
		{"read", func(i int) {
			_, _, err := s.Load(ctx, ids[i], nil)
			require.NoError(t, err)
		}},
		{"report", func(i int) {
			_, err := s.Report(ctx, ids[i], "ada", true)
			require.NoError(t, err)
		}},
		{"forget", func(i int) { storetest.Erase(t, s, "scale", ids[i]) }},
	}
	all := make([]cost, len(calls))
	for c, call := range calls {
		before := blocks(t, d)
		var took []time.Duration
		for i := range times {
			began := time.Now()
			call.call(i)
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		all[c] = cost{call.name, float64(blocks(t, d)-before) / times, took[times/2]}
	}
	return all
}

// blocks are those that were ever read of the database's tables.
func blocks(t *testing.T, d *database) int {
	t.Helper()
	d.pool.Reset() // a connection that ends tells what it counted
	url := d.pool.Config().ConnString()
	require.Eventually(t, func() bool {
		return storetest.Count(t, url, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'`) == 1
	}, time.Minute, 20*time.Millisecond)
	return storetest.Count(t, url, `SELECT sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read, 0) + coalesce(idx_blks_hit, 0)
		+ coalesce(toast_blks_read, 0) + coalesce(toast_blks_hit, 0))::bigint FROM pg_statio_user_tables`)
}

// plans explains every statement of the store, with the parameters of a usual call.
func plans(t *testing.T, url string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	sample := sampled(t, url)
	for _, name := range statements() {
		parameters, known := sample[name]
		if !assert.True(t, known, "%s: give it the parameters of a usual call", name) || slices.Contains(everything, name) {
			continue
		}
		for _, earlier := range []int{0, 5} {
			plan := explained(t, conn, name, earlier, parameters)
			assert.Empty(t, plan.scanned(), "%s, after %d times: scans a table", name, earlier)
			assert.LessOrEqual(t, plan.Hit+plan.Read, maxBlocks, "%s, after %d times: blocks", name, earlier)
		}
	}
}

// statements are the methods of the generated code that run one.
func statements() (names []string) {
	of := reflect.TypeFor[*queries.Queries]()
	for i := range of.NumMethod() {
		if name := of.Method(i).Name; name != "WithTx" {
			names = append(names, name)
		}
	}
	return names
}

// plan is a node of what EXPLAIN prints.
type plan struct {
	Type     string `json:"Node Type"`
	Relation string `json:"Relation Name"`
	Hit      int    `json:"Shared Hit Blocks"`
	Read     int    `json:"Shared Read Blocks"`
	Plans    []plan
}

// scanned are the tables that the plan reads from end to end. The shared statistics
// have a row for each schema key, not for each conversation.
func (p plan) scanned() (tables []string) {
	if p.Type == "Seq Scan" && p.Relation != "shared_statistics" {
		tables = append(tables, p.Relation)
	}
	for _, below := range p.Plans {
		tables = append(tables, below.scanned()...)
	}
	return tables
}

// explained runs a statement, that was planned so many times before, as the role that
// row security binds, and undoes it.
func explained(t *testing.T, conn *pgx.Conn, name string, earlier int, parameters []any) plan {
	t.Helper()
	var captured capture
	in := []reflect.Value{reflect.ValueOf(t.Context())}
	for _, p := range parameters {
		in = append(in, reflect.ValueOf(p))
	}
	reflect.ValueOf(queries.New(&captured)).MethodByName(name).Call(in)
	literals := make([]string, len(captured.arguments))
	for i, a := range captured.arguments {
		literals[i] = literal(reflect.ValueOf(a))
	}
	execute := "s"
	if len(literals) > 0 {
		execute += "(" + strings.Join(literals, ", ") + ")"
	}
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(context.Background()) }()
	for _, before := range []string{
		`SELECT set_config('app.principal', 'product', true), set_config('app.role', 'eventing', true)`,
		`DEALLOCATE ALL`,
		`PREPARE s AS ` + captured.sql,
	} {
		_, err := tx.Exec(t.Context(), before, pgx.QueryExecModeSimpleProtocol)
		require.NoError(t, err, name)
	}
	for range earlier {
		_, err := tx.Exec(t.Context(), `EXPLAIN EXECUTE `+execute, pgx.QueryExecModeSimpleProtocol)
		require.NoError(t, err, name)
	}
	var document []byte
	require.NoError(t, tx.QueryRow(t.Context(), `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE `+execute, pgx.QueryExecModeSimpleProtocol).Scan(&document), "%s(%s)", name, execute)
	var read []struct{ Plan plan }
	require.NoError(t, json.Unmarshal(document, &read))
	return read[0].Plan
}

// capture takes a statement instead of running it.
type capture struct {
	sql       string
	arguments []any
}

func (c *capture) take(sql string, arguments []any) { c.sql, c.arguments = sql, arguments }

func (c *capture) Exec(_ context.Context, sql string, arguments ...any) (pgconn.CommandTag, error) {
	c.take(sql, arguments)
	return pgconn.CommandTag{}, pgx.ErrNoRows
}

func (c *capture) Query(_ context.Context, sql string, arguments ...any) (pgx.Rows, error) {
	c.take(sql, arguments)
	return nil, pgx.ErrNoRows
}

func (c *capture) QueryRow(_ context.Context, sql string, arguments ...any) pgx.Row {
	c.take(sql, arguments)
	return c
}

func (c *capture) Scan(...any) error { return pgx.ErrNoRows }

// literal writes a parameter as SQL, of whatever type the statement takes it for.
func literal(v reflect.Value) string {
	if !v.IsValid() || (v.Kind() == reflect.Pointer || v.Kind() == reflect.Slice) && v.IsNil() {
		return "NULL"
	}
	switch of := v.Interface().(type) {
	case []byte:
		if json.Valid(of) { // no digest is
			return quoted(string(of))
		}
		return quoted(`\x` + hex.EncodeToString(of))
	case time.Duration:
		return quoted(fmt.Sprintf("%d milliseconds", of.Milliseconds()))
	case time.Time:
		return quoted(of.Format(time.RFC3339Nano))
	}
	switch v.Kind() {
	case reflect.Pointer:
		return literal(v.Elem())
	case reflect.Slice:
		elements := make([]string, v.Len())
		for i := range elements {
			elements[i] = strings.Trim(literal(v.Index(i)), "'")
			elements[i] = `"` + strings.ReplaceAll(elements[i], `\`, `\\`) + `"`
		}
		return quoted("{" + strings.Join(elements, ",") + "}")
	}
	return quoted(fmt.Sprint(v.Interface()))
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// sampled are the parameters of each statement, of a conversation in the midst of all.
func sampled(t *testing.T, url string) map[string][]any {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), postgrestest.AdminURL(t, url))
	require.NoError(t, err)
	defer conn.Close(context.Background())
	var id, session, user, key string
	var fingerprint []byte
	require.NoError(t, conn.QueryRow(t.Context(), `
		SELECT c.id, c.session_id, s.user_id, c.form, (SELECT fingerprint FROM results WHERE conversation_id = c.id ORDER BY revision DESC LIMIT 1)
		FROM conversations c JOIN sessions s ON s.principal = c.principal AND s.id = c.session_id
		WHERE c.principal = 'product' AND c.opened_by IS NULL ORDER BY c.id
		OFFSET (SELECT count(*) / 4 FROM conversations) LIMIT 1`).Scan(&id, &session, &user, &key, &fingerprint))
	var queued string
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT id FROM outbox ORDER BY position OFFSET (SELECT count(*) / 2 FROM outbox) LIMIT 1`).Scan(&queued))
	ids, unknown, empty := []string{id}, uuid.NewString(), uuid.NewString()
	_, err = conn.Exec(t.Context(), `
		INSERT INTO conversations (principal, id, session_id, goal, information_needed, batch_size, max_questions)
		SELECT principal, $2, session_id, goal, information_needed, batch_size, max_questions FROM conversations WHERE id = $1`, id, empty)
	require.NoError(t, err)
	value, document := json.RawMessage(`"economy"`), json.RawMessage(`{}`)
	one := func(parameter any) []any { return []any{parameter} }
	week := 7 * 24 * time.Hour
	return map[string][]any{
		"AnsweredSlots":         one(queries.AnsweredSlotsParams{MaxGoal: 8192, Ids: []string{id, unknown}, Slots: []string{"budget", ""}}),
		"AuditTrail":            one(queries.AuditTrailParams{Since: time.Now().Add(-90 * 24 * time.Hour), Most: 100}),
		"RecordActs":            one(queries.RecordActsParams{Action: "read", Ids: ids, UserID: user}),
		"RecordActsOfUser":      one(queries.RecordActsOfUserParams{Action: "exported", UserID: user}),
		"SweepAudit":            one(queries.SweepAuditParams{Age: 40 * 24 * time.Hour, Most: 10}),
		"Citations":             one(id),
		"ClearAssumedFrom":      one(queries.ClearAssumedFromParams{Ids: ids, AssumedFrom: ids}),
		"CloseQuestions":        one(queries.CloseQuestionsParams{ConversationID: id, Numbers: []int{3}}),
		"Conversation":          one(queries.ConversationParams{ID: id, Fingerprint: fingerprint}),
		"ConversationExists":    one(id),
		"ConversationKeys":      one(queries.ConversationKeysParams{After: id, Most: 100}),
		"CountErased":           one(ids),
		"Contributions":         one(ids),
		"CountTombstones":       one(week),
		"DeleteCalls":           one(ids),
		"DeleteQueued":          one([]string{queued, unknown}),
		"DeleteResults":         one(ids),
		"DeleteConversations":   one(ids),
		"DeleteEmptySessions":   one([]string{session}),
		"DeleteOldResults":      one(queries.DeleteOldResultsParams{ConversationID: id, Revision: 1}),
		"DeleteProcessed":       one(queries.DeleteProcessedParams{Age: week, Most: 10}),
		"DeleteShared":          one(key),
		"DeleteSlots":           one(id),
		"DeleteTombstone":       one(id),
		"History":               one(queries.HistoryParams{ConversationID: id, Latest: 50}),
		"InactiveConversations": one(queries.InactiveConversationsParams{OpenedBefore: id, Age: time.Hour, Most: 10}),
		"InsertAnswer": one(queries.InsertAnswerParams{ConversationID: id, Number: 3, Slot: "class", Question: 3, Outcome: questioning.Answered,
			Value: value, Words: "economy", Digest: digest("new"), Revision: 4}),
		"InsertConversation": one(queries.InsertConversationParams{ID: unknown, SessionID: session, Goal: "Book", Playbook: "travel", BatchSize: 1, MaxQuestions: 10,
			OpenedBy: digest("new"), SchemaKey: key}),
		"InsertCounted":   one(queries.InsertCountedParams{Ids: ids, SchemaKeys: []string{key, key}}),
		"InsertMessage":   one(queries.InsertMessageParams{ConversationID: id, Revision: 4, Role: "user", Content: "economy"}),
		"InsertProcessed": one(queries.InsertProcessedParams{Consumer: "indexer", Source: "/sequential-questioning/conversations", ID: id}),
		"InsertQuestion": one(queries.InsertQuestionParams{ConversationID: id, Number: 4, Slot: "start_date", Purpose: questioning.Ask,
			Text: "Start date?", Bits: 5}),
		"InsertSession": one(queries.InsertSessionParams{ID: "new", UserID: user}),
		"InsertShared":  one("new"),
		"InsertSlots": one(queries.InsertSlotsParams{ConversationID: empty, Keys: []string{"new"}, Definitions: []string{string(document)},
			States: []string{string(questioning.StatusMissing)}, SlotValues: []string{""}, Words: []string{""}, Answers: []string{"{}"}, Sources: []string{""}, AssumedFrom: []string{""}}),
		"KnownDigests":            one(queries.KnownDigestsParams{Digests: [][]byte{digest("new"), digest("other")}, ConversationID: id}),
		"LockAgainstErasure":      one(ids),
		"LockAssuming":            one(ids),
		"LockConversation":        one(id),
		"LockAllConversations":    one(10),
		"LockConversationOf":      one(queries.LockConversationOfParams{ID: id, UserID: user}),
		"LockConversationsOfUser": one(queries.LockConversationsOfUserParams{UserID: user, Most: 10}),
		"LockInactive":            one(queries.LockInactiveParams{Ids: ids, Age: time.Hour}),
		"LockMemory":              one(ids),
		"LockShared":              one([]string{key}),
		"Messages":                one(id),
		"OpeningResult":           one(queries.OpeningResultParams{Goal: "Book", UserID: user, KeptFor: store.KeptFor, Fingerprint: fingerprint, OpenedBy: digest("new")}),
		"Questions":               one(queries.QuestionsParams{ConversationID: id, Numbers: []int{1, 2}}),
		"SessionIsForeign":        one(queries.SessionIsForeignParams{ID: session, UserID: "bob"}),
		"SlotOfAnswer":            one(queries.SlotOfAnswerParams{ConversationID: id, Number: 1}),
		"Slots":                   one(id),
		"Statistics":              one(queries.StatisticsParams{SchemaKey: key, UserID: user, Most: 200}),
		"SweepResults":            one(queries.SweepResultsParams{Age: store.KeptFor, Most: 10}),
		"StillHeld":               one(queries.StillHeldParams{ConversationIds: ids, Slots: []string{"destination"}, Numbers: []int{1}}),
		"SupersedeAnswers":        one(queries.SupersedeAnswersParams{SupersededBy: 9, ConversationID: id, Numbers: []int{1}}),
		"TakeBackAssumptions":     one(queries.TakeBackAssumptionsParams{Ids: ids, AssumedFrom: ids}),
		"UpdateContribution":      one(queries.UpdateContributionParams{Contribution: document, ConversationID: id}),
		"UpdateConversation":      one(queries.UpdateConversationParams{Revision: 3, QuestionsAsked: 4, AnswersRecorded: 3, SchemaKey: key, Playbook: "travel", ID: id}),
		"UpdateShared":            one(queries.UpdateSharedParams{Document: document, SchemaKey: key}),
		"UpdateSlot": one(queries.UpdateSlotParams{State: questioning.StatusAnswered, Value: value, Words: "economy", Answers: []int{3},
			ConversationID: id, Position: 2}),
		"UpsertResult": one(queries.UpsertResultParams{ConversationID: id, Fingerprint: digest("new"), Revision: 4, Result: document}),
		"Voices":       one(ids),
	}
}
