package storetest

import (
	"fmt"
	"testing"
)

// chunk is how many conversations one transaction generates.
const chunk = 50_000

// Conversations generates the conversations from one number up to another by SQL, much
// faster than calls could, as calls leave them: of four slots, three questions and two
// answers. Half are of one principal, "product", the rest of a thousand others. A user
// has ten, and each began a second after the one before. Beside them lie what consumers
// noted of their events, what was recorded of who did what, the erasures of others, and
// the events of every hundredth, which wait in the outbox.
func Conversations(t testing.TB, url string, from, to int) {
	t.Helper()
	for ; from < to; from += chunk {
		Exec(t, url, fmt.Sprintf(generate, from, min(from+chunk, to)-1))
	}
	for _, table := range []string{"sessions", "conversations", "slots", "questions", "answers", "results", "outbox", "processed_events", "counted_conversations", "erasures", "audit"} {
		Exec(t, url, `VACUUM (ANALYZE) `+table)
	}
}

// generate is one chunk. Foreign keys hold by construction and are not checked.
const generate = `
SET session_replication_role = replica;
CREATE TEMPORARY TABLE generated ON COMMIT DROP AS
SELECT i, CASE WHEN i %% 2 = 0 THEN 'product' ELSE 'tenant-' || i / 2 %% 1000 END AS principal, 'user-' || i / 20 AS user_id,
       (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(i::text), 1, 19))::uuid AS id,
       at, sha256(i::text::bytea) AS digest, 'schema-' || i %% 1000 AS form
FROM (SELECT i, date_trunc('day', now()) - interval '60 days' + i * interval '1 second' AS at FROM generate_series(%d, %d) i) numbered;
INSERT INTO sessions (principal, id, user_id, created_at) SELECT principal, 'of ' || id, user_id, at FROM generated;
INSERT INTO conversations (principal, id, session_id, goal, information_needed, batch_size, max_questions, revision, questions_asked, answers_recorded,
                           stop_reason, opened_by, created_at, updated_at, form)
SELECT principal, id, 'of ' || id, 'Book a trip to the sea for two people in spring',
       '{"type": "object", "required": ["destination", "budget", "class", "start_date"], "properties": {"destination": {"type": "string"}, "budget": {"type": "number", "minimum": 1}, "class": {"enum": ["economy", "business", "first"]}, "start_date": {"type": "string", "format": "date"}}}',
       1, 100, 3, 3, 2, CASE WHEN i %% 10 > 0 THEN 'required_settled' END, CASE WHEN i %% 10 = 0 THEN digest END, at, at, form
FROM generated ORDER BY i;
INSERT INTO slots (principal, conversation_id, position, key, definition, state, value, words, answers)
SELECT principal, id, position, key, ('{"key": "' || key || '", "type": "text", "title": "' || key || '", "required": true}')::json,
       CASE WHEN position < 2 THEN 'answered' ELSE 'missing' END, CASE WHEN position < 2 THEN '"Lisbon"'::jsonb END, 'Lisbon',
       CASE WHEN position < 2 THEN ARRAY[position + 1] ELSE '{}' END
FROM generated, (VALUES (0, 'destination'), (1, 'budget'), (2, 'class'), (3, 'start_date')) wanted (position, key) ORDER BY i, position;
INSERT INTO questions (principal, conversation_id, number, slot, purpose, text, reason, bits, open, asked_at)
SELECT principal, id, number, key, 'ask', key || '?', 'The rest makes sense by it.', 7, number = 3, at
FROM generated, (VALUES (1, 'destination'), (2, 'budget'), (3, 'class')) asked (number, key) ORDER BY i, number;
INSERT INTO answers (principal, conversation_id, number, slot, question, outcome, value, words, digest, revision, answered_at)
SELECT principal, id, number, key, number, 'answered', '"Lisbon"', 'Lisbon', digest, number + 1, at
FROM generated, (VALUES (1, 'destination'), (2, 'budget')) said (number, key) ORDER BY i, number;
INSERT INTO results (principal, conversation_id, fingerprint, revision, result, at)
SELECT principal, id, substr(sha256((i || ' ' || revision)::bytea), 1, 16), revision, decode(repeat(md5(i::text), 10), 'hex'), at
FROM generated, generate_series(1, 3) revision ORDER BY i, revision;
INSERT INTO counted_conversations (principal, conversation_id, form, user_id, contribution, counted_at, for_user, for_others)
SELECT principal, id, form, user_id, '{"slots": {"budget": {"outcomes": {"answered": 1}, "values": {"500": 1}}}}', at, true, false FROM generated WHERE i %% 10 > 0;
INSERT INTO audit (principal, user_id, conversation_id, action, at) SELECT principal, user_id, id, 'opened', at FROM generated ORDER BY i;
INSERT INTO erasures (principal, conversation_id, at, announced_at) SELECT principal, gen_random_uuid(), at, at FROM generated WHERE i %% 50 = 0;
INSERT INTO outbox (principal, id, conversation_id, type, data, created_at)
SELECT principal, gen_random_uuid(), id, 'io.sequential-questioning.answer.recorded.v1', '{}', at FROM generated, generate_series(1, 3) WHERE i %% 100 = 0;
INSERT INTO processed_events (consumer, source, id, at)
SELECT 'indexer', '/sequential-questioning/conversations', gen_random_uuid()::text, at + interval '50 days' FROM generated, generate_series(1, 3);
`
