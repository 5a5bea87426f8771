-- name: Conversation :one
-- Conversation comes with what a call returned before, if it did: as the previous
-- release kept it where the result is of that. It asks for the
-- principal too, for roles that row security does not bind; so does every statement
-- that finds a row by what a caller chooses. The session is looked up by itself: joined,
-- all sessions of the principal are read where the tables were never analyzed.
SELECT c.id, c.session_id,
       coalesce((SELECT s.user_id FROM sessions s WHERE s.principal = c.principal AND s.id = c.session_id), '')::text AS user_id, c.goal, coalesce(c.playbook, '') AS playbook,
       (CASE WHEN @with_needed::boolean THEN c.information_needed END)::json AS information_needed,
       c.batch_size, c.max_questions, c.revision, c.questions_asked, c.answers_recorded,
       coalesce(c.stop_reason, '') AS stop_reason, coalesce(c.form, '') AS schema_key, coalesce(c.language, '') AS language,
       coalesce(r.revision, k.revision, 0)::integer AS call_revision, r.result AS call_result, k.result AS earlier_result
FROM conversations c
LEFT JOIN results r ON r.conversation_id = c.id AND r.fingerprint = substr(@fingerprint::bytea, 1, 16)
LEFT JOIN calls k ON k.conversation_id = c.id AND k.fingerprint = @fingerprint
WHERE c.id = @id AND c.principal = current_setting('app.principal');

-- name: LockConversation :exec
-- LockConversation keeps others from changing or erasing a conversation until the
-- transaction ends. Others can still read it and refer to it.
SELECT FROM conversations WHERE id = @id AND principal = current_setting('app.principal') FOR NO KEY UPDATE;

-- name: Slots :many
-- Slots come in the order in which the playbook or the schema names them.
SELECT definition, state, value, coalesce(words, '') AS words, answers, clarified, confirmed, passed,
       coalesce(source, '') AS source, coalesce(reopened_by, 0)::integer AS reopened
FROM slots WHERE conversation_id = @conversation_id ORDER BY position;

-- name: Questions :many
-- Questions are those that wait for an answer, and those of the numbers: each part
-- is looked up by its own index.
SELECT number, slot, purpose, text, reason, bits, open FROM questions WHERE questions.conversation_id = @conversation_id AND open
UNION ALL
SELECT number, slot, purpose, text, reason, bits, open FROM questions
WHERE questions.conversation_id = @conversation_id AND number = ANY(@numbers::integer[]) AND NOT open
ORDER BY number;

-- name: InsertSession :exec
-- InsertSession adds no row where the principal has the session, whosever it is.
INSERT INTO sessions (id, user_id) VALUES (@id, nullif(@user_id::text, '')) ON CONFLICT DO NOTHING;

-- name: SessionIsForeign :one
-- SessionIsForeign says whether a session is another user's; to whoever names no user, none is.
SELECT EXISTS (SELECT FROM sessions WHERE id = @id AND principal = current_setting('app.principal')
               AND @user_id::text <> '' AND coalesce(user_id, '') <> @user_id);

-- name: InsertConversation :exec
-- InsertConversation adds no row where the principal opened one by the same call, or where
-- the session is another user's. Whatever comes after it is refused then.
INSERT INTO conversations (id, session_id, goal, playbook, information_needed, metadata, batch_size, max_questions,
                           questions_asked, answers_recorded, stop_reason, opened_by, opened_with_key, form, language)
SELECT @id, s.id, @goal, nullif(@playbook::text, ''), @information_needed, @metadata, @batch_size, @max_questions,
       @questions_asked, @answers_recorded, nullif(@stop_reason::text, ''), @opened_by, @opened_with_key, nullif(@schema_key::text, ''),
       nullif(@language::text, '')
FROM sessions s WHERE s.id = @session_id AND s.principal = current_setting('app.principal')
                  AND (@user_id::text = '' OR coalesce(s.user_id, '') = @user_id)
ON CONFLICT (principal, opened_by) DO NOTHING;

-- name: OpeningResult :one
-- OpeningResult is what the opening call returned: null where a call that differs opened
-- the conversation by the same key, or where the result is no longer kept. Then alike
-- says that what is stored of the two calls does not differ.
SELECT c.id, c.revision, r.result, k.result AS earlier_result, (c.created_at < now() - @kept_for::interval)::boolean AS swept,
       (c.goal = @goal::text AND (@user_id::text = '' OR s.user_id IS NOT DISTINCT FROM @user_id))::boolean AS alike
FROM conversations c JOIN sessions s ON s.principal = c.principal AND s.id = c.session_id
LEFT JOIN results r ON r.conversation_id = c.id AND r.fingerprint = substr(@fingerprint::bytea, 1, 16)
LEFT JOIN calls k ON k.conversation_id = c.id AND k.fingerprint = @fingerprint
WHERE c.principal = current_setting('app.principal') AND c.opened_by = @opened_by;

-- name: InsertSlots :exec
-- InsertSlots adds slots in their order, each with the conversation that an assumption was
-- recalled from. definitions and slot_values are JSON, an empty one being no value, and
-- answers are PostgreSQL's arrays.
INSERT INTO slots (conversation_id, position, key, definition, state, value, words, answers, source, assumed_from)
SELECT @conversation_id, s.position - 1, s.key, s.definition::json, s.state, nullif(s.value, '')::jsonb, s.words, s.answers::integer[],
       nullif(s.source, ''), nullif(s.assumed_from, '')::uuid
FROM (SELECT unnest(@keys::text[]) AS key, unnest(@definitions::text[]) AS definition, unnest(@states::text[]) AS state,
             unnest(@slot_values::text[]) AS value, unnest(@words::text[]) AS words, unnest(@answers::text[]) AS answers,
             unnest(@sources::text[]) AS source, unnest(@assumed_from::text[]) AS assumed_from,
             generate_subscripts(@keys::text[], 1) AS position) s;

-- name: UpdateConversation :execrows
-- UpdateConversation is the compare-and-set: it locks the conversation, and where
-- that is at another revision, sets a null that the table refuses. An opening without
-- a key can no longer be joined.
UPDATE conversations
SET revision = CASE WHEN revision = @revision THEN revision + 1 END, questions_asked = @questions_asked,
    answers_recorded = @answers_recorded, stop_reason = nullif(@stop_reason::text, ''), playbook = nullif(@playbook::text, ''),
    form = nullif(@schema_key::text, ''), updated_at = now(), opened_by = CASE WHEN opened_with_key THEN opened_by END
WHERE id = @id;

-- name: DeleteSlots :exec
-- DeleteSlots deletes the questions for them and their answers too.
DELETE FROM slots WHERE conversation_id = @conversation_id;

-- name: UpdateSlot :exec
-- UpdateSlot stores what is known of a slot now.
UPDATE slots SET state = @state, value = @value, words = @words::text, answers = coalesce(@answers::integer[], '{}'),
       clarified = @clarified, confirmed = @confirmed, passed = @passed,
       source = nullif(@source::text, ''), reopened_by = nullif(@reopened::integer, 0)
WHERE conversation_id = @conversation_id AND position = @position;

-- name: SupersedeAnswers :exec
-- SupersedeAnswers keeps the answers, for the history.
UPDATE answers SET superseded_by = @superseded_by::integer WHERE conversation_id = @conversation_id AND number = ANY(@numbers::integer[]);

-- name: CloseQuestions :exec
-- CloseQuestions keeps the questions, for the history.
UPDATE questions SET open = false WHERE conversation_id = @conversation_id AND number = ANY(@numbers::integer[]);

-- name: InsertQuestion :exec
-- InsertQuestion fails where the slot has an open question already.
INSERT INTO questions (conversation_id, number, slot, purpose, text, reason, bits)
VALUES (@conversation_id, @number, @slot, @purpose, @text, @reason, @bits);

-- name: InsertAnswer :exec
-- InsertAnswer fails where the conversation has the digest for the slot already.
INSERT INTO answers (conversation_id, number, slot, question, outcome, value, words, problem, digest, revision)
VALUES (@conversation_id, @number, @slot, nullif(@question::integer, 0), @outcome, @value, @words, nullif(@problem::text, ''),
        @digest, @revision);

-- name: InsertMessage :exec
-- InsertMessage adds a message at its position among those of one revision.
INSERT INTO messages (conversation_id, revision, position, role, content, sent_at)
VALUES (@conversation_id, @revision, @position, @role, @content, @sent_at);

-- name: UpsertResult :exec
-- UpsertResult keeps what a call returns, for the same call again.
INSERT INTO results (conversation_id, fingerprint, revision, result) VALUES (@conversation_id, substr(@fingerprint::bytea, 1, 16), @revision, @result)
ON CONFLICT (conversation_id, fingerprint) DO UPDATE SET revision = excluded.revision, result = excluded.result, at = excluded.at;

-- name: DeleteOldResults :exec
-- DeleteOldResults deletes what calls returned at a revision or before it.
DELETE FROM results WHERE conversation_id = @conversation_id AND revision <= @revision;

-- name: SlotOfAnswer :many
-- SlotOfAnswer finds superseded answers, too.
SELECT slot FROM answers WHERE conversation_id = @conversation_id AND number = @number;

-- name: KnownDigests :many
-- KnownDigests looks each up by itself: where conversations are short on the whole,
-- the planner would read a long one from end to end.
SELECT a.digest FROM unnest(@digests::bytea[]) AS wanted (digest)
CROSS JOIN LATERAL (
    SELECT digest FROM answers WHERE answers.conversation_id = @conversation_id AND answers.digest = wanted.digest LIMIT 1
) a;

-- name: History :many
-- History is the latest answers, earliest first, with the questions as they were asked.
SELECT a.number, a.slot, coalesce(a.question, 0)::integer AS question, coalesce(q.text, '') AS question_text, a.outcome, a.words,
       a.answered_at, a.value, coalesce(a.superseded_by, 0)::integer AS superseded_by
FROM (SELECT * FROM answers WHERE answers.conversation_id = @conversation_id ORDER BY answers.number DESC LIMIT @latest::integer) a
LEFT JOIN questions q ON q.conversation_id = @conversation_id AND q.number = a.question
ORDER BY a.number;

-- name: Citations :many
-- Citations are the answers that slots rest on. A conversation may have hundreds that no
-- longer hold, so each is looked up by itself, as KnownDigests does.
SELECT a.number, a.slot, coalesce(a.question, 0)::integer AS question, coalesce(q.text, '') AS question_text, a.outcome, a.words,
       a.answered_at
FROM (SELECT unnest(slots.answers) AS number FROM slots WHERE slots.conversation_id = @conversation_id) cited
CROSS JOIN LATERAL (
    SELECT * FROM answers WHERE answers.conversation_id = @conversation_id AND answers.number = cited.number OFFSET 0
) a
LEFT JOIN LATERAL (
    SELECT text FROM questions WHERE questions.conversation_id = @conversation_id AND questions.number = a.question OFFSET 0
) q ON true
ORDER BY a.number;

-- name: Messages :many
-- Messages come in the order in which they were stored.
SELECT role, content, sent_at AS timestamp FROM messages WHERE conversation_id = @conversation_id ORDER BY revision, position;

-- name: StillHeld :many
-- StillHeld are the places, from 1, of the answers that their slots rest on now.
SELECT f.at::integer AS at
FROM (SELECT unnest(@conversation_ids::uuid[]) AS conversation_id, unnest(@slots::text[]) AS slot, unnest(@numbers::integer[]) AS number,
             generate_subscripts(@numbers::integer[], 1) AS at) f
CROSS JOIN LATERAL (
    SELECT FROM slots v WHERE v.conversation_id = f.conversation_id AND v.key = f.slot
    AND v.principal = current_setting('app.principal')
    AND v.state = 'answered' AND v.answers[cardinality(v.answers)] = f.number OFFSET 0
) v;

-- name: LockConversationOf :many
-- LockConversationOf locks a conversation that is to be erased, of a user or of anybody:
-- nothing is added to it meanwhile. It locks the session too, so that
-- DeleteEmptySessions sees every conversation that is being opened in it: the
-- deletion of a session takes its conversations along.
SELECT c.id, c.session_id FROM conversations c JOIN sessions s ON s.principal = c.principal AND s.id = c.session_id
WHERE c.principal = current_setting('app.principal') AND c.id = @id AND (@user_id::text = '' OR s.user_id = @user_id)
FOR UPDATE OF c, s;

-- name: LockConversationsOfUser :many
-- LockConversationsOfUser is LockConversationOf for the first of a user.
SELECT c.id, c.session_id FROM conversations c JOIN sessions s ON s.principal = c.principal AND s.id = c.session_id
WHERE c.principal = current_setting('app.principal') AND s.user_id = @user_id::text
ORDER BY c.session_id, c.created_at LIMIT @most::integer FOR UPDATE OF c, s;

-- name: LockAllConversations :many
-- LockAllConversations is LockConversationOf for the first of the principal, in the order
-- of an index: what is left to erase is not read for each batch.
SELECT c.id, c.session_id FROM conversations c JOIN sessions s ON s.principal = c.principal AND s.id = c.session_id
WHERE c.principal = current_setting('app.principal')
ORDER BY c.session_id, c.created_at LIMIT @most::integer FOR UPDATE OF c, s;

-- name: LockInactive :many
-- LockInactive is LockConversationOf for those of the ids that have not changed for so
-- long.
SELECT c.id, c.session_id FROM conversations c JOIN sessions s ON s.principal = c.principal AND s.id = c.session_id
WHERE c.principal = current_setting('app.principal') AND c.id = ANY(@ids::uuid[]) AND c.updated_at < now() - @age::interval
ORDER BY c.id FOR UPDATE OF c, s;

-- name: CountErased :one
-- CountErased counts what is deleted with the conversations.
SELECT (SELECT count(*) FROM questions WHERE questions.conversation_id = ANY(@ids::uuid[])) AS questions,
       (SELECT count(*) FROM answers   WHERE answers.conversation_id = ANY(@ids::uuid[])) AS answers,
       (SELECT count(*) FROM messages  WHERE messages.conversation_id = ANY(@ids::uuid[])) AS messages;

-- name: LockAssuming :many
-- LockAssuming locks the other conversations that assume something said in these.
SELECT c.id FROM conversations c
WHERE c.principal = current_setting('app.principal') AND c.id <> ALL(@ids::uuid[])
  AND c.id IN (SELECT conversation_id FROM slots WHERE assumed_from = ANY(@ids::uuid[]))
ORDER BY c.id FOR NO KEY UPDATE;

-- name: DeleteResults :exec
-- DeleteResults is for results that may repeat what is erased.
DELETE FROM results WHERE conversation_id = ANY(@ids::uuid[]);

-- name: DeleteCalls :exec
-- DeleteCalls is DeleteResults for those of the previous release.
DELETE FROM calls WHERE conversation_id = ANY(@ids::uuid[]);

-- name: TakeBackAssumptions :exec
-- TakeBackAssumptions is for what nobody confirmed.
UPDATE slots SET state = 'missing', value = NULL, words = NULL, source = NULL
WHERE conversation_id = ANY(@ids::uuid[]) AND assumed_from = ANY(@assumed_from::uuid[]) AND state = 'assumed';

-- name: ClearAssumedFrom :exec
-- ClearAssumedFrom is for what somebody confirmed since: it stays.
UPDATE slots SET assumed_from = NULL WHERE conversation_id = ANY(@ids::uuid[]) AND assumed_from = ANY(@assumed_from::uuid[]);

-- name: DeleteConversations :exec
-- DeleteConversations deletes all that refers to them. Events in the outbox do not.
DELETE FROM conversations WHERE id = ANY(@ids::uuid[]);

-- name: DeleteEmptySessions :exec
-- DeleteEmptySessions deletes those of the sessions that have no conversation left.
DELETE FROM sessions s WHERE s.principal = current_setting('app.principal') AND s.id = ANY(@ids::text[])
  AND NOT EXISTS (SELECT FROM conversations c WHERE c.principal = s.principal AND c.session_id = s.id);

-- name: RecordActs :exec
-- RecordActs adds to the audit trail that the principal did something with conversations
-- of a user, or of anybody.
INSERT INTO audit (user_id, conversation_id, action)
SELECT s.user_id, c.id, @action FROM conversations c JOIN sessions s ON s.principal = c.principal AND s.id = c.session_id
WHERE c.id = ANY(@ids::uuid[]) AND c.principal = current_setting('app.principal') AND (@user_id::text = '' OR s.user_id = @user_id)
ON CONFLICT DO NOTHING;

-- name: RecordActsOfUser :exec
-- RecordActsOfUser is RecordActs for all conversations of a user.
INSERT INTO audit (user_id, conversation_id, action)
SELECT s.user_id, c.id, @action FROM conversations c JOIN sessions s ON s.principal = c.principal AND s.id = c.session_id
WHERE s.principal = current_setting('app.principal') AND s.user_id = @user_id::text
ON CONFLICT DO NOTHING;
