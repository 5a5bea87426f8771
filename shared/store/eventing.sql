-- name: InsertProcessed :execrows
-- InsertProcessed adds no row where the consumer has processed the event before.
INSERT INTO processed_events (consumer, source, id) VALUES (@consumer, @source, @id) ON CONFLICT DO NOTHING;

-- name: DeleteProcessed :execrows
-- DeleteProcessed deletes the oldest, and none that another instance is deleting.
DELETE FROM processed_events WHERE (consumer, source, id) IN (
    SELECT p.consumer, p.source, p.id FROM processed_events p
    WHERE p.at < now() - @age::interval ORDER BY p.at LIMIT @most::integer FOR UPDATE SKIP LOCKED);

-- name: DeleteQueued :many
-- DeleteQueued deletes events that wait in the outbox, and returns them: none that
-- somebody else has claimed or is deleting.
WITH waiting AS (
    SELECT o.id FROM outbox o WHERE o.id = ANY(@ids::uuid[]) AND o.parked_at IS NULL AND o.next_at <= now() ORDER BY o.position FOR UPDATE SKIP LOCKED
)
DELETE FROM outbox USING waiting WHERE outbox.id = waiting.id RETURNING outbox.id;

-- name: ConversationExists :one
SELECT EXISTS (SELECT FROM conversations WHERE id = @id);

-- name: DeleteTombstone :exec
DELETE FROM erasures WHERE conversation_id = @conversation_id AND principal = current_setting('app.principal');

-- name: CountTombstones :one
SELECT count(*) AS waiting, count(*) FILTER (WHERE at < now() - @age::interval) AS late FROM erasures;

-- name: LockMemory :exec
-- LockMemory waits for whoever else copies one of the conversations to memory.
SELECT pg_advisory_xact_lock(hashtextextended('memory of ' || id, 0)) FROM unnest(@ids::text[]) AS id;

-- name: LockAgainstErasure :many
-- LockAgainstErasure returns those of the conversations that are there, which nobody
-- erases until the transaction ends; calls continue.
SELECT id FROM conversations WHERE id = ANY(@ids::uuid[]) AND principal = current_setting('app.principal') ORDER BY id FOR KEY SHARE;

-- name: AnsweredSlots :many
-- AnsweredSlots looks each row up by itself, whatever statistics there are of its table:
-- of the conversations at the places of ids the slots at those of slots, or all where
-- that is empty.
SELECT c.principal, coalesce(s.user_id, '') AS user_id, c.session_id, c.id, c.goal, v.definition, v.value,
       coalesce(v.words, '') AS words, a.number, a.answered_at, coalesce(q.text, '') AS question_text
FROM (SELECT unnest(@ids::uuid[]) AS id, unnest(@slots::text[]) AS slot) wanted
CROSS JOIN LATERAL (
    SELECT principal, id, session_id, left(goal, @max_goal::integer)::text AS goal FROM conversations
    WHERE conversations.id = wanted.id AND principal = current_setting('app.principal') OFFSET 0
) c
CROSS JOIN LATERAL (SELECT user_id FROM sessions WHERE principal = c.principal AND sessions.id = c.session_id OFFSET 0) s
CROSS JOIN LATERAL (
    (SELECT definition, value, words, answers, position FROM slots
     WHERE conversation_id = c.id AND key = wanted.slot AND state = 'answered' OFFSET 0)
    UNION ALL
    (SELECT definition, value, words, answers, position FROM slots
     WHERE conversation_id = c.id AND wanted.slot = '' AND state = 'answered' OFFSET 0)
) v
CROSS JOIN LATERAL (
    SELECT number, question, answered_at FROM answers
    WHERE conversation_id = c.id AND number = v.answers[cardinality(v.answers)] OFFSET 0
) a
LEFT JOIN LATERAL (
    SELECT text FROM questions WHERE conversation_id = c.id AND number = a.question OFFSET 0
) q ON true
ORDER BY c.id, v.position;

-- name: ConversationKeys :many
SELECT principal, id FROM conversations WHERE id > @after ORDER BY id LIMIT @most::integer;

-- name: InactiveConversations :many
-- InactiveConversations are the oldest. An id begins with the time of opening, so that
-- the primary key finds what may have been inactive for so long.
SELECT principal, id FROM conversations WHERE id < @opened_before AND updated_at < now() - @age::interval
ORDER BY id LIMIT @most::integer;

-- name: Statistics :one
-- Statistics are what the principals share, the principal's own voice among them,
-- and whose contributions count beside them: the latest conversations of the user and
-- one of each other user.
SELECT (SELECT document FROM shared_statistics WHERE shared_statistics.form = @schema_key::text) AS shared,
       (SELECT contribution FROM counted_conversations
        WHERE principal = current_setting('app.principal') AND form = @schema_key AND for_others) AS voice,
       ARRAY(SELECT conversation_id FROM counted_conversations
             WHERE principal = current_setting('app.principal') AND form = @schema_key AND user_id = @user_id::text AND contribution IS NOT NULL
             ORDER BY counted_at DESC, conversation_id LIMIT @most::integer)::uuid[] AS own,
       ARRAY(SELECT conversation_id FROM counted_conversations
             WHERE principal = current_setting('app.principal') AND form = @schema_key AND user_id <> @user_id AND for_user
             ORDER BY counted_at DESC, conversation_id LIMIT @most::integer)::uuid[] AS users;

-- name: Contributions :many
-- Contributions never change.
SELECT conversation_id, contribution FROM counted_conversations
WHERE conversation_id = ANY(@ids::uuid[]) AND principal = current_setting('app.principal') AND contribution IS NOT NULL;

-- name: InsertCounted :many
-- InsertCounted returns those of the conversations that were not counted before, with
-- their users.
INSERT INTO counted_conversations (conversation_id, form, user_id)
SELECT c.id, nullif(ended.schema_key, ''), coalesce(s.user_id, '')
FROM (SELECT unnest(@ids::uuid[]) AS id, unnest(@schema_keys::text[]) AS schema_key) ended
CROSS JOIN LATERAL (
    SELECT principal, id, session_id FROM conversations WHERE conversations.id = ended.id AND principal = current_setting('app.principal') OFFSET 0
) c
CROSS JOIN LATERAL (SELECT user_id FROM sessions WHERE principal = c.principal AND sessions.id = c.session_id OFFSET 0) s
ON CONFLICT DO NOTHING RETURNING conversation_id, coalesce(user_id, '')::text AS user_id;

-- name: InsertShared :exec
INSERT INTO shared_statistics (form, document) VALUES (@schema_key, '{}') ON CONFLICT DO NOTHING;

-- name: LockShared :many
SELECT form AS schema_key, document FROM shared_statistics WHERE form = ANY(@schema_keys::text[]) ORDER BY form FOR UPDATE;

-- name: UpdateShared :exec
UPDATE shared_statistics SET document = @document, updated_at = now() WHERE form = @schema_key;

-- name: DeleteShared :exec
-- DeleteShared deletes counts of nobody: they name the options of what was erased.
DELETE FROM shared_statistics WHERE form = @schema_key;

-- name: UpdateContribution :exec
-- UpdateContribution has the first conversation that counts speak for its user to the
-- principal's other users, and for its principal to all.
UPDATE counted_conversations n SET contribution = @contribution, counted_at = clock_timestamp(),
    for_user   = NOT EXISTS (SELECT FROM counted_conversations o
                             WHERE o.principal = n.principal AND o.form = n.form AND o.user_id = n.user_id AND o.for_user),
    for_others = NOT EXISTS (SELECT FROM counted_conversations o
                             WHERE o.principal = n.principal AND o.form = n.form AND o.for_others)
WHERE n.conversation_id = @conversation_id;

-- name: Voices :many
-- Voices are what those of the conversations added that speak for the principal.
SELECT coalesce(form, '')::text AS schema_key, contribution FROM counted_conversations
WHERE conversation_id = ANY(@ids::uuid[]) AND principal = current_setting('app.principal') AND for_others;

-- name: SweepResults :execrows
-- SweepResults deletes the oldest, and none that another instance is deleting.
DELETE FROM results WHERE (conversation_id, fingerprint) IN (
    SELECT r.conversation_id, r.fingerprint FROM results r
    WHERE r.at < now() - @age::interval ORDER BY r.at LIMIT @most::integer FOR UPDATE SKIP LOCKED);

-- name: SweepAudit :execrows
-- SweepAudit deletes the oldest of the audit trail.
DELETE FROM audit WHERE (at, conversation_id, action) IN (
    SELECT a.at, a.conversation_id, a.action FROM audit a
    WHERE a.at < now() - @age::interval ORDER BY a.at LIMIT @most::integer);

-- name: AuditTrail :many
-- AuditTrail is the latest of the audit trail, of everybody or of those named.
SELECT at, principal, coalesce(user_id, '') AS user_id, conversation_id, action FROM audit
WHERE at >= @since AND (@of_principal::text = '' OR principal = @of_principal) AND (@of_user::text = '' OR user_id = @of_user)
  AND (sqlc.narg(of_conversation)::uuid IS NULL OR conversation_id = sqlc.narg(of_conversation))
ORDER BY at DESC, conversation_id DESC, action DESC LIMIT @most::integer;
