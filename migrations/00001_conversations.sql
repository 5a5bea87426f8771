-- +goose Up

-- Who may see a row is decided by the transaction's principal, so that a query
-- that forgets to ask cannot leak: SELECT set_config('app.principal', …, true).

CREATE TABLE sessions (
    principal  text        NOT NULL DEFAULT current_setting('app.principal') CHECK (principal <> ''),
    id         text        NOT NULL CHECK (length(id) BETWEEN 1 AND 128),
    user_id    text        CHECK (length(user_id) BETWEEN 1 AND 256),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (principal, id)
);

CREATE TABLE conversations (
    principal          text        NOT NULL DEFAULT current_setting('app.principal'),
    id                 uuid        NOT NULL,
    session_id         text        NOT NULL,
    goal               text        NOT NULL CHECK (goal <> ''),
    playbook           text,
    information_needed json,
    metadata           json,
    batch_size         smallint    NOT NULL CHECK (batch_size BETWEEN 1 AND 50),
    max_questions      smallint    NOT NULL CHECK (max_questions >= 0),
    revision           integer     NOT NULL DEFAULT 1 CHECK (revision > 0),
    questions_asked    integer     NOT NULL DEFAULT 0 CHECK (questions_asked >= 0),
    answers_recorded   integer     NOT NULL DEFAULT 0 CHECK (answers_recorded >= 0),
    stop_reason        text        CHECK (stop_reason IN ('all_settled', 'required_settled', 'little_left', 'limit_reached')),
    opened_by          bytea       CHECK (length(opened_by) = 32),
    opened_with_key    boolean     NOT NULL DEFAULT false,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, principal),
    FOREIGN KEY (principal, session_id) REFERENCES sessions (principal, id) ON DELETE CASCADE,
    CHECK (playbook IS NOT NULL OR information_needed IS NOT NULL)
);
CREATE INDEX conversations_by_session ON conversations (principal, session_id, created_at);
-- Of identical opening calls that can be told to be one caller's, one wins.
CREATE UNIQUE INDEX conversations_opened_once ON conversations (principal, opened_by);

CREATE TABLE slots (
    principal       text     NOT NULL DEFAULT current_setting('app.principal'),
    conversation_id uuid     NOT NULL,
    position        smallint NOT NULL CHECK (position >= 0),
    key             text     NOT NULL CHECK (length(key) BETWEEN 1 AND 64),
    definition      json     NOT NULL,
    state           text     NOT NULL DEFAULT 'missing' CHECK (state IN
        ('missing', 'assumed', 'answered', 'unknown', 'declined', 'not_applicable', 'contradicted', 'unclear')),
    value           jsonb,
    words           text,
    answers         integer[] NOT NULL DEFAULT '{}',
    clarified       boolean  NOT NULL DEFAULT false,
    confirmed       boolean  NOT NULL DEFAULT false,
    passed          smallint NOT NULL DEFAULT 0,
    FOREIGN KEY (conversation_id, principal) REFERENCES conversations (id, principal) ON DELETE CASCADE,
    PRIMARY KEY (conversation_id, position),
    UNIQUE (conversation_id, key),
    CHECK ((value IS NOT NULL) = (state IN ('assumed', 'answered', 'contradicted'))),
    CHECK (state IN ('missing', 'assumed') OR answers <> '{}')
);

CREATE TABLE questions (
    principal       text        NOT NULL DEFAULT current_setting('app.principal'),
    conversation_id uuid        NOT NULL,
    number          integer     NOT NULL CHECK (number > 0),
    slot            text        NOT NULL,
    purpose         text        NOT NULL CHECK (purpose IN ('ask', 'clarify', 'confirm')),
    text            text        NOT NULL CHECK (text <> ''),
    reason          text        NOT NULL,
    bits            double precision NOT NULL CHECK (bits >= 0),
    open            boolean     NOT NULL DEFAULT true,
    asked_at        timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (conversation_id, principal) REFERENCES conversations (id, principal) ON DELETE CASCADE,
    PRIMARY KEY (conversation_id, number),
    FOREIGN KEY (conversation_id, slot) REFERENCES slots (conversation_id, key) ON DELETE CASCADE
);
-- A slot is asked for by one question at a time.
CREATE UNIQUE INDEX questions_open_once ON questions (conversation_id, slot) WHERE open;

CREATE TABLE answers (
    principal       text        NOT NULL DEFAULT current_setting('app.principal'),
    conversation_id uuid        NOT NULL,
    number          integer     NOT NULL CHECK (number > 0),
    slot            text        NOT NULL,
    question        integer,
    outcome         text        NOT NULL CHECK (outcome IN ('answered', 'unknown', 'declined', 'not_applicable')),
    value           jsonb,
    words           text        NOT NULL,
    problem         text        CHECK (problem <> ''),
    digest          bytea       NOT NULL CHECK (length(digest) = 32),
    revision        integer     NOT NULL CHECK (revision > 0),
    answered_at     timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (conversation_id, principal) REFERENCES conversations (id, principal) ON DELETE CASCADE,
    PRIMARY KEY (conversation_id, number),
    FOREIGN KEY (conversation_id, slot) REFERENCES slots (conversation_id, key) ON DELETE CASCADE,
    FOREIGN KEY (conversation_id, question) REFERENCES questions (conversation_id, number) ON DELETE CASCADE,
    CHECK ((value IS NOT NULL) = (outcome = 'answered' AND problem IS NULL)),
    CHECK (problem IS NULL OR outcome = 'answered')
);
-- The same thing said twice about the same question is said once.
CREATE UNIQUE INDEX answers_said_once ON answers (conversation_id, digest, slot);

CREATE TABLE messages (
    principal       text        NOT NULL DEFAULT current_setting('app.principal'),
    conversation_id uuid        NOT NULL,
    revision        integer     NOT NULL CHECK (revision > 0),
    position        integer     NOT NULL CHECK (position >= 0),
    role            text        NOT NULL CHECK (role IN ('user', 'assistant', 'system')),
    content         text        NOT NULL,
    sent_at         timestamptz,
    FOREIGN KEY (conversation_id, principal) REFERENCES conversations (id, principal) ON DELETE CASCADE,
    PRIMARY KEY (conversation_id, revision, position)
);

-- What a call returned, so that a repeated call returns the same.
CREATE TABLE calls (
    principal       text    NOT NULL DEFAULT current_setting('app.principal'),
    conversation_id uuid    NOT NULL,
    fingerprint     bytea   NOT NULL CHECK (length(fingerprint) = 32),
    revision        integer NOT NULL CHECK (revision > 0),
    result          json    NOT NULL,
    FOREIGN KEY (conversation_id, principal) REFERENCES conversations (id, principal) ON DELETE CASCADE,
    PRIMARY KEY (conversation_id, fingerprint)
);
CREATE UNIQUE INDEX calls_by_revision ON calls (conversation_id, revision);

ALTER TABLE sessions      ENABLE ROW LEVEL SECURITY;
ALTER TABLE sessions      FORCE ROW LEVEL SECURITY;
ALTER TABLE conversations ENABLE ROW LEVEL SECURITY;
ALTER TABLE conversations FORCE ROW LEVEL SECURITY;
ALTER TABLE slots         ENABLE ROW LEVEL SECURITY;
ALTER TABLE slots         FORCE ROW LEVEL SECURITY;
ALTER TABLE questions     ENABLE ROW LEVEL SECURITY;
ALTER TABLE questions     FORCE ROW LEVEL SECURITY;
ALTER TABLE answers       ENABLE ROW LEVEL SECURITY;
ALTER TABLE answers       FORCE ROW LEVEL SECURITY;
ALTER TABLE messages      ENABLE ROW LEVEL SECURITY;
ALTER TABLE messages      FORCE ROW LEVEL SECURITY;
ALTER TABLE calls         ENABLE ROW LEVEL SECURITY;
ALTER TABLE calls         FORCE ROW LEVEL SECURITY;

CREATE POLICY principal ON sessions      USING (principal = current_setting('app.principal', true));
CREATE POLICY principal ON conversations USING (principal = current_setting('app.principal', true));
CREATE POLICY principal ON slots         USING (principal = current_setting('app.principal', true));
CREATE POLICY principal ON questions     USING (principal = current_setting('app.principal', true));
CREATE POLICY principal ON answers       USING (principal = current_setting('app.principal', true));
CREATE POLICY principal ON messages      USING (principal = current_setting('app.principal', true));
CREATE POLICY principal ON calls         USING (principal = current_setting('app.principal', true));

-- +goose Down
DROP TABLE calls, messages, answers, questions, slots, conversations, sessions;
