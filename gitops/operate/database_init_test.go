package main

import (
	"context"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/migrations"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/event"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/embedded"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

// everything is what init could change on a server and in a database.
const everything = `SELECT jsonb_build_object(
	'roles', (SELECT jsonb_agg(to_jsonb(a) ORDER BY rolname) FROM pg_authid a),
	'settings', (SELECT jsonb_agg(to_jsonb(s) ORDER BY setdatabase, setrole) FROM pg_db_role_setting s),
	'marks', (SELECT jsonb_agg(to_jsonb(s) ORDER BY objoid) FROM pg_shdescription s),
	'databases', (SELECT jsonb_agg(jsonb_build_array(datname, datacl::text, datdba) ORDER BY datname) FROM pg_database),
	'schemas', (SELECT jsonb_agg(jsonb_build_array(nspname, nspacl::text) ORDER BY nspname) FROM pg_namespace WHERE nspname NOT LIKE 'pg\_temp%' AND nspname NOT LIKE 'pg\_toast_temp%'),
	'tables', (SELECT jsonb_agg(jsonb_build_array(relname, relacl::text, relowner) ORDER BY oid) FROM pg_class WHERE oid > 16000),
	'defaults', (SELECT jsonb_agg(to_jsonb(d) ORDER BY oid) FROM pg_default_acl d))::text`

func TestInitRepeatedChangesNothing(t *testing.T) {
	t.Parallel()
	w := initialised(t, "prod")
	before := query[string](w, "sq_prod", everything)
	out, progress, err := w.run("database", "init", "prod")
	require.NoError(t, err)
	assert.Contains(t, out, "nothing was to be done")
	assert.Empty(t, progress)
	assert.JSONEq(t, before, query[string](w, "sq_prod", everything))
}

func TestInitDryRunChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := query[string](w, "postgres", everything)
	out, progress, err := w.run("database", "init", "prod", "--dry-run")
	require.NoError(t, err)
	assert.Contains(t, out, "nothing was changed")
	assert.Contains(t, progress, "create role sq_prod\n")
	assert.Contains(t, progress, "create database sq_prod\n")
	assert.Equal(t, before, query[string](w, "postgres", everything))

	w.must("database", "init", "prod")
	w.exec("sq_prod", "GRANT CREATE ON SCHEMA public TO sq_prod")
	_, progress, err = w.run("database", "init", "prod", "--dry-run")
	require.NoError(t, err)
	assert.Equal(t, "take CREATE in the schema public from sq_prod\n", progress, "only what is lacking")
}

func TestInitGivesTheLeastPrivileges(t *testing.T) {
	t.Parallel()
	w := initialised(t, "prod", "dev")
	for promise, kept := range map[string]func(*testing.T, *world){
		"migrations are the owner's":                      initMigratesAsTheOwner,
		"the roles have no special rights":                theRolesHaveNoSpecialRights,
		"the functions' role does all that tools do":      theFunctionsRoleDoesAllThatToolsDo,
		"the functions' role cannot change the schema":    theFunctionsRoleCannotChangeTheSchema,
		"the functions' role sees one principal only":     theFunctionsRoleSeesOnePrincipalOnly,
		"the gateway's role reaches its table alone":      theGatewaysRoleReachesItsTableAlone,
		"the roles cannot connect to another environment": theRolesCannotConnectToAnotherEnvironment,
		"only a superuser initialises":                    onlyASuperuserInitialises,
	} {
		t.Run(promise, func(t *testing.T) {
			inside := *w
			inside.t = t
			kept(t, &inside)
		})
	}
}

func initMigratesAsTheOwner(t *testing.T, w *world) {
	all, err := migrations.Status(t.Context(), w.owner("prod"))
	require.NoError(t, err)
	assert.False(t, slices.ContainsFunc(all, migrations.Migration.Pending))
	assert.Zero(t, query[int](w, "sq_prod", `SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relowner <> 'sq_prod_owner'::regrole`))
}

func theRolesHaveNoSpecialRights(t *testing.T, w *world) {
	assert.Equal(t, 3, query[int](w, "postgres", `SELECT count(*) FROM pg_roles WHERE rolname IN ('sq_prod', 'sq_prod_owner', 'sq_prod_gateway') AND rolcanlogin
		AND NOT (rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication)`))
	assert.Equal(t, 350, query[int](w, "postgres", `SELECT rolconnlimit FROM pg_roles WHERE rolname = 'sq_prod'`))
	assert.Equal(t, 20, query[int](w, "postgres", `SELECT rolconnlimit FROM pg_roles WHERE rolname = 'sq_prod_gateway'`))
	conn := w.connect(w.functions("prod"))
	var timeout string
	require.NoError(t, conn.QueryRow(t.Context(), "SHOW statement_timeout").Scan(&timeout))
	assert.Equal(t, "5s", timeout)
}

func TestInitTakesSpecialRightsAway(t *testing.T) {
	t.Parallel()
	w := initialised(t, "prod")
	w.exec("postgres", "ALTER ROLE sq_prod SUPERUSER", "GRANT sq_prod_owner TO sq_prod")
	w.must("database", "init", "prod")
	assert.False(t, query[bool](w, "postgres", `SELECT rolsuper OR pg_has_role('sq_prod', 'sq_prod_owner', 'MEMBER') FROM pg_roles WHERE rolname = 'sq_prod'`))
}

func theFunctionsRoleDoesAllThatToolsDo(t *testing.T, w *world) {
	s := w.service("prod")
	turn := open(t, t.Context(), s, "Book a trip")
	turn = answer(t, t.Context(), s, turn)
	assert.True(t, turn.Metadata.Complete)
	assert.Equal(t, tripValues, report(t, t.Context(), s, turn.ConversationID).Values)
	_, err := s.Revise(t.Context(), conversation.ReviseInput{ConversationID: turn.ConversationID, Slot: "budget", Value: 700.0})
	require.NoError(t, err)
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: w.functions("prod"), MaxConns: 2})
	require.NoError(t, err)
	defer pool.Close()
	claimed, err := event.NewOutbox(pool).Claim(t.Context(), 100, time.Minute)
	require.NoError(t, err)
	require.NotEmpty(t, claimed)
	require.NoError(t, event.NewOutbox(pool).Settle(t.Context(), event.Settlement{Published: claimed}))
	_, err = s.Forget(t.Context(), conversation.ForgetInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Zero(t, query[int](w, "sq_prod", "SELECT count(*) FROM conversations WHERE id = $1", turn.ConversationID))
}

func theFunctionsRoleCannotChangeTheSchema(t *testing.T, w *world) {
	conn := w.connect(w.functions("prod"))
	for _, statement := range []string{
		"CREATE TABLE mine (id int)", "CREATE TEMPORARY TABLE mine (id int)", "CREATE SCHEMA mine", "DROP TABLE answers",
		"ALTER TABLE answers DISABLE ROW LEVEL SECURITY", "DROP POLICY principal ON answers", "TRUNCATE answers CASCADE",
		"INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)", "SET ROLE sq_prod_owner", "ALTER ROLE sq_prod BYPASSRLS",
		"CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'", "COPY answers TO PROGRAM 'true'", "CREATE ROLE another", "CREATE DATABASE another",
	} {
		_, err := conn.Exec(t.Context(), statement)
		var refused interface{ SQLState() string }
		require.ErrorAs(t, err, &refused, statement)
		assert.Equal(t, "42501", refused.SQLState(), statement)
	}
}

func theFunctionsRoleSeesOnePrincipalOnly(t *testing.T, w *world) {
	s := w.service("prod")
	open(t, principal.With(t.Context(), "ann"), s, "Book a trip")
	conn := w.connect(w.functions("prod"))
	count := func(principal string) (n int) {
		_, err := conn.Exec(t.Context(), "SELECT set_config('app.principal', $1, false)", principal)
		require.NoError(t, err)
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM answers").Scan(&n))
		return n
	}
	assert.Equal(t, 2, count("ann"))
	assert.Zero(t, count("bob"))
	assert.Zero(t, count(""))
	_, err := conn.Exec(t.Context(), "SET row_security = off; SELECT count(*) FROM answers")
	assert.ErrorContains(t, err, "row-level security")
}

func theGatewaysRoleReachesItsTableAlone(t *testing.T, w *world) {
	turn := open(t, t.Context(), w.service("prod"), "Book a trip")
	conn := w.connect(w.url("sq_prod_gateway", gatePassword, "sq_prod"))
	_, err := conn.Exec(t.Context(), "SELECT set_config('app.principal', 'local', false), set_config('app.role', 'eventing', false)")
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `INSERT INTO elicitations (id, conversation_id, expires_at) VALUES ('ask-0123456789ABCDEF', $1, now() + interval '1 day')`, turn.ConversationID)
	require.NoError(t, err, "the conversation is looked up for it, with the owner's rights")
	var n int
	require.NoError(t, conn.QueryRow(t.Context(), `WITH changed AS (UPDATE elicitations SET response = '{}' RETURNING id) SELECT count(*) FROM changed`).Scan(&n))
	assert.Equal(t, 1, n)
	_, err = conn.Exec(t.Context(), `DELETE FROM elicitations`)
	require.NoError(t, err)
	refused := func(statement string) {
		t.Helper()
		_, err := conn.Exec(t.Context(), statement)
		var refusal interface{ SQLState() string }
		require.ErrorAs(t, err, &refusal, statement)
		assert.Equal(t, "42501", refusal.SQLState(), statement)
	}
	tables := query[[]string](w, "sq_prod", `SELECT array_agg(relname::text) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') AND relname <> 'elicitations'`)
	require.Greater(t, len(tables), 10)
	for _, table := range tables {
		refused("SELECT FROM " + table)
		refused("DELETE FROM " + table)
	}
	for _, statement := range []string{"TRUNCATE elicitations", "ALTER TABLE elicitations DISABLE ROW LEVEL SECURITY", "DROP POLICY principal ON elicitations",
		"CREATE TABLE mine (id int)", "CREATE TEMPORARY TABLE mine (id int)", "SET ROLE sq_prod", "SET ROLE sq_prod_owner"} {
		refused(statement)
	}
}

func TestInitTakesFromTheGatewayWhatIsNotItsOwn(t *testing.T) {
	t.Parallel()
	w := initialised(t, "prod")
	w.exec("sq_prod", "GRANT SELECT ON answers TO sq_prod_gateway", "GRANT TRUNCATE ON elicitations TO sq_prod_gateway", "GRANT CREATE ON SCHEMA public TO sq_prod_gateway")
	_, progress, err := w.run("database", "init", "prod")
	require.NoError(t, err)
	assert.Equal(t, "let sq_prod_gateway use the schema public, and no more than that\nlet sq_prod_gateway reach the table elicitations and nothing else\n", progress)
	theGatewaysRoleReachesItsTableAlone(t, w)
}

func theRolesCannotConnectToAnotherEnvironment(t *testing.T, w *world) {
	for _, url := range []string{w.url("sq_dev", rolePassword, "sq_prod"), w.url("sq_prod", rolePassword, "sq_dev"), w.url("sq_dev_owner", ownerPassword, "sq_prod")} {
		_, err := pgx.Connect(t.Context(), url)
		require.ErrorContains(t, err, "permission denied for database")
	}
}

func TestInitRefusesADatabaseOfAnotherEnvironment(t *testing.T) {
	t.Parallel()
	w := initialised(t, "dev")
	w.exec("postgres", "ALTER DATABASE sq_dev RENAME TO sq_prod")
	w.refused("database sq_prod belongs to environment dev, not prod", "database", "init", "prod")
	assert.Zero(t, query[int](w, "postgres", `SELECT count(*) FROM pg_roles WHERE rolname = 'sq_prod'`), "nothing was changed")
}

func TestInitAdoptsADatabaseOnlyWhenTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec("postgres", "CREATE ROLE sq_prod_owner LOGIN PASSWORD '"+ownerPassword+"'", "CREATE DATABASE sq_prod OWNER sq_prod_owner")
	require.NoError(t, migrations.Up(t.Context(), w.owner("prod")))
	w.refused("add --adopt", "database", "init", "prod")
	w.must("database", "init", "prod", "--adopt")
	open(t, t.Context(), w.service("prod"), "Book a trip")
}

func TestAnAdministratorWhoIsNoSuperuserInitialises(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec("postgres", "CREATE ROLE administrator LOGIN CREATEDB CREATEROLE PASSWORD 'administrator-0123456789'")
	managed := w.with("ADMIN_DATABASE_URL", w.url("administrator", "administrator-0123456789", "postgres"))
	managed.must("database", "init", "prod")
	before := query[string](w, "sq_prod", everything)
	assert.Contains(t, managed.must("database", "init", "prod"), "nothing was to be done")
	assert.Contains(t, w.must("database", "init", "prod"), "nothing was to be done", "nor for a superuser")
	assert.JSONEq(t, before, query[string](w, "sq_prod", everything))
	open(t, t.Context(), w.service("prod"), "Book a trip")
	theFunctionsRoleCannotChangeTheSchema(t, w)

	managed.with("FUNCTIONS_PASSWORD", "another-password-0123").must("database", "init", "prod")
	w.connect(w.url("sq_prod", "another-password-0123", "sq_prod"))
	managed.refused("want a superuser", "database", "switch", "prod", "sq_prod_x", "--yes")
}

func TestInitSetsPasswordsOfRolesThatAreThereOnlyWhenGiven(t *testing.T) {
	t.Parallel()
	w := initialised(t, "prod")
	kept := query[string](w, "postgres", `SELECT rolpassword FROM pg_authid WHERE rolname = 'sq_prod'`)
	w.with("FUNCTIONS_PASSWORD", "").must("database", "init", "prod")
	assert.Equal(t, kept, query[string](w, "postgres", `SELECT rolpassword FROM pg_authid WHERE rolname = 'sq_prod'`))
	w.with("FUNCTIONS_PASSWORD", "another-password-0123").must("database", "init", "prod")
	w.connect(w.url("sq_prod", "another-password-0123", "sq_prod"))
	_, err := pgx.Connect(t.Context(), w.functions("prod"))
	assert.ErrorContains(t, err, "password authentication failed")
}

func TestInitNeedsThePasswordOfARoleThatIsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t).with("FUNCTIONS_PASSWORD", "")
	w.refused("set FUNCTIONS_PASSWORD", "database", "init", "prod")
	w.with("FUNCTIONS_PASSWORD", "short").refused("FUNCTIONS_PASSWORD has 5 characters", "database", "init", "prod")
}

func onlyASuperuserInitialises(t *testing.T, w *world) {
	w.with("ADMIN_DATABASE_URL", w.owner("prod")).refused("want a superuser, or a role with CREATEDB and CREATEROLE", "database", "init", "prod")
}

func TestPasswordsAreNeitherShownNorSentToTheServer(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	server, err := embedded.Start(t.Context(), embedded.Options{Dir: postgrestest.Folder(t), Log: &log, Fast: true})
	require.NoError(t, err)
	stop := sync.OnceValue(func() error { return server.Stop(context.Background()) })
	defer stop()
	w := newWorldless(t).with("ADMIN_DATABASE_URL", server.AdminURL()).with("OWNER_PASSWORD", ownerPassword).with("FUNCTIONS_PASSWORD", rolePassword).with("GATEWAY_PASSWORD", gatePassword)
	w.server = server
	w.exec("postgres", "ALTER SYSTEM SET log_statement = 'all'", "SELECT pg_reload_conf()")
	out, progress, err := w.run("database", "init", "prod")
	require.NoError(t, err)
	require.NoError(t, stop())
	require.Contains(t, log.String(), `ALTER ROLE "sq_prod" PASSWORD 'SCRAM-SHA-256$`, "statements are logged")
	for _, password := range []string{ownerPassword, rolePassword, gatePassword} {
		assert.NotContains(t, out+progress+log.String(), password)
	}
	assert.NotContains(t, out+progress, "SCRAM")
}

func TestErrorsKeepTheAdministratorsURL(t *testing.T) {
	t.Parallel()
	w := newWorldless(t)
	for _, url := range []string{"postgres://admin:hunter2secret@127.0.0.1:1/postgres", "postgres://admin:hunter2secret%zz@host", "hunter2secret"} {
		_, progress, err := w.with("ADMIN_DATABASE_URL", url).run("database", "init", "prod")
		require.Error(t, err)
		assert.NotContains(t, err.Error()+progress, "hunter2secret")
	}
	w.with("ADMIN_DATABASE_URL", "").refused("ADMIN_DATABASE_URL is not set", "database", "init", "prod")
}

func TestThereAreThreeEnvironments(t *testing.T) {
	t.Parallel()
	newWorldless(t).refused(`there is no environment "test"; there are: dev, staging, prod`, "database", "init", "test")
}

// newWorldless is for commands that reach no server.
func newWorldless(t testing.TB) *world { return &world{t: t, variables: variables{}} }

func TestEveryCommandExplainsItself(t *testing.T) {
	t.Parallel()
	var walk func(path []string)
	walk = func(path []string) {
		out := newWorldless(t).must(append(path, "--help")...)
		assert.Contains(t, out, "Usage:")
		c, _, err := command(nil).Find(path)
		require.NoError(t, err)
		assert.NotEmpty(t, c.Short, path)
		for _, sub := range c.Commands() {
			if sub.Name() != "completion" && sub.Name() != "help" {
				walk(append(strings.Fields(strings.Join(path, " ")), sub.Name()))
			}
		}
	}
	walk(nil)
	_, err := exec.LookPath("pg_dump")
	require.NoError(t, err, "the tests of backups need PostgreSQL's programs")
}
