-- name: InsertProcessed :many
-- InsertProcessed returns those of the events that the consumer has not processed before,
-- and adds them in the order of their ids: two deliveries wait for each other in one order.
INSERT INTO processed_events (consumer, source, id)
SELECT @consumer, @source, e.id FROM unnest(@ids::text[]) AS e (id) ORDER BY e.id ON CONFLICT DO NOTHING RETURNING id;

-- name: DeleteProcessed :execrows
-- DeleteProcessed deletes the oldest, and none that another instance is deleting.
DELETE FROM processed_events WHERE (consumer, source, id) IN (
    SELECT p.consumer, p.source, p.id FROM processed_events p
    WHERE p.at < now() - @age::interval ORDER BY p.at LIMIT @most::integer FOR UPDATE SKIP LOCKED);

-- name: ConversationExists :one
SELECT EXISTS (SELECT FROM conversations WHERE id = @id);

-- name: DeleteTombstone :exec
DELETE FROM erasures WHERE conversation_id = @conversation_id AND principal = current_setting('app.principal');

-- name: CountTombstones :one
SELECT count(*) AS waiting, count(*) FILTER (WHERE at < now() - @age::interval) AS late FROM erasures;

-- name: LockMemory :exec
-- LockMemory waits for whoever else copies the conversation to memory.
SELECT pg_advisory_xact_lock(hashtextextended('memory of ' || @conversation_id::text, 0));

-- name: LockAgainstErasure :many
-- LockAgainstErasure returns those of the conversations that are there, which nobody
-- erases until the transaction ends; calls continue.
SELECT id FROM conversations WHERE id = ANY(@ids::uuid[]) AND principal = current_setting('app.principal') ORDER BY id FOR KEY SHARE;

-- name: AnsweredSlots :many
-- AnsweredSlots looks each answer and question up by itself: where conversations
-- are short on the whole, the planner would read a long one from end to end. Slots are
-- named with their conversations, as id/key; null is all.
SELECT c.principal, coalesce(s.user_id, '') AS user_id, c.session_id, c.id, left(c.goal, @max_goal::integer)::text AS goal, v.definition, v.value,
       coalesce(v.words, '') AS words, a.number, a.answered_at, coalesce(q.text, '') AS question_text
FROM conversations c
JOIN sessions s ON s.principal = c.principal AND s.id = c.session_id
JOIN slots v ON v.conversation_id = c.id
CROSS JOIN LATERAL (
    SELECT number, question, answered_at FROM answers
    WHERE conversation_id = c.id AND number = v.answers[cardinality(v.answers)] OFFSET 0
) a
LEFT JOIN LATERAL (
    SELECT text FROM questions WHERE conversation_id = c.id AND number = a.question OFFSET 0
) q ON true
WHERE c.id = ANY(@ids::uuid[]) AND c.principal = current_setting('app.principal')
  AND v.state = 'answered' AND (sqlc.narg(slots)::text[] IS NULL OR c.id::text || '/' || v.key = ANY(sqlc.narg(slots)))
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
-- and the latest contributions of the user and of each other user.
SELECT (SELECT document FROM shared_statistics WHERE shared_statistics.form = @schema_key::text) AS shared,
       (SELECT contribution FROM counted_conversations
        WHERE principal = current_setting('app.principal') AND form = @schema_key AND for_others) AS voice,
       ARRAY(SELECT contribution FROM counted_conversations
             WHERE principal = current_setting('app.principal') AND form = @schema_key AND user_id = @user_id::text AND contribution IS NOT NULL
             ORDER BY counted_at DESC, conversation_id LIMIT @most::integer)::json[] AS own,
       ARRAY(SELECT contribution FROM counted_conversations
             WHERE principal = current_setting('app.principal') AND form = @schema_key AND user_id <> @user_id AND for_user
             ORDER BY counted_at DESC, conversation_id LIMIT @most::integer)::json[] AS users;

-- name: InsertCounted :many
-- InsertCounted returns the user, and no row where the conversation was counted.
INSERT INTO counted_conversations (conversation_id, form, user_id)
SELECT c.id, nullif(@schema_key::text, ''), coalesce(s.user_id, '')
FROM conversations c JOIN sessions s ON s.principal = c.principal AND s.id = c.session_id
WHERE c.id = @conversation_id AND c.principal = current_setting('app.principal')
ON CONFLICT DO NOTHING RETURNING coalesce(user_id, '')::text AS user_id;

-- name: InsertShared :exec
INSERT INTO shared_statistics (form, document) VALUES (@schema_key, '{}') ON CONFLICT DO NOTHING;

-- name: LockShared :many
SELECT form AS schema_key, document FROM shared_statistics WHERE form = ANY(@schema_keys::text[]) ORDER BY form FOR UPDATE;

-- name: UpdateShared :exec
UPDATE shared_statistics SET document = @document, updated_at = now() WHERE form = @schema_key;

-- name: DeleteShared :exec
-- DeleteShared deletes counts of nobody: they name the options of what was erased.
DELETE FROM shared_statistics WHERE form = @schema_key;

-- name: UpdateContribution :one
-- UpdateContribution has the first conversation that counts speak for its user to the
-- principal's other users, and for its principal to all.
UPDATE counted_conversations n SET contribution = @contribution, counted_at = clock_timestamp(),
    for_user   = NOT EXISTS (SELECT FROM counted_conversations o
                             WHERE o.principal = n.principal AND o.form = n.form AND o.user_id = n.user_id AND o.for_user),
    for_others = NOT EXISTS (SELECT FROM counted_conversations o
                             WHERE o.principal = n.principal AND o.form = n.form AND o.for_others)
WHERE n.conversation_id = @conversation_id RETURNING n.for_others;

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
