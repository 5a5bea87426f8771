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
	"github.com/sequential-questioning/sequential-questioning/shared/event/delivery"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/embedded"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
)

// everything selects all that init could change on a server and in a database.
const everything = `SELECT jsonb_build_object(
	'roles', (SELECT jsonb_agg(to_jsonb(a) ORDER BY rolname) FROM pg_authid a),
	'settings', (SELECT jsonb_agg(to_jsonb(s) ORDER BY setdatabase, setrole) FROM pg_db_role_setting s),
	'marks', (SELECT jsonb_agg(to_jsonb(s) ORDER BY objoid) FROM pg_shdescription s),
	'databases', (SELECT jsonb_agg(jsonb_build_array(datname, datacl::text, datdba) ORDER BY datname) FROM pg_database),
	'schemas', (SELECT jsonb_agg(jsonb_build_array(nspname, nspacl::text) ORDER BY nspname) FROM pg_namespace WHERE nspname NOT LIKE 'pg\_temp%' AND nspname NOT LIKE 'pg\_toast_temp%'),
	'tables', (SELECT jsonb_agg(jsonb_build_array(relname, relacl::text, relowner) ORDER BY oid) FROM pg_class WHERE oid > 16000),
	'defaults', (SELECT jsonb_agg(to_jsonb(d) ORDER BY oid) FROM pg_default_acl d))::text`

func TestInitIsIdempotent(t *testing.T) {
	t.Parallel()
	f := initialised(t, "prod")
	before := query[string](f, "sq_prod", everything)
	out, progress, err := f.run("database", "init", "prod")
	require.NoError(t, err)
	assert.Contains(t, out, ": 0 changes")
	assert.Empty(t, progress)
	assert.JSONEq(t, before, query[string](f, "sq_prod", everything))
}

func TestInitDryRunChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before := query[string](f, "postgres", everything)
	out, progress, err := f.run("database", "init", "prod", "--dry-run")
	require.NoError(t, err)
	assert.Contains(t, out, "changes to make")
	assert.Contains(t, progress, "CREATE ROLE \"sq_prod\" LOGIN\n")
	assert.Contains(t, progress, "CREATE DATABASE \"sq_prod\" ")
	assert.Equal(t, before, query[string](f, "postgres", everything))

	f.must("database", "init", "prod")
	f.exec("sq_prod", "GRANT CREATE ON SCHEMA public TO sq_prod")
	_, progress, err = f.run("database", "init", "prod", "--dry-run")
	require.NoError(t, err)
	assert.Equal(t, "REVOKE CREATE ON SCHEMA public FROM sq_prod\n", progress, "only what is missing")
}

func TestInitLeavesWhatAnExtensionBrings(t *testing.T) {
	t.Parallel()
	f := initialised(t, "prod")
	f.exec("sq_prod", "CREATE EXTENSION pg_stat_statements")
	assert.Contains(t, f.must("database", "init", "prod"), ": 0 changes")
}

func TestInitGrantsTheLeastPrivileges(t *testing.T) {
	t.Parallel()
	f := initialised(t, "prod", "dev")
	for promise, kept := range map[string]func(*testing.T, *fixture){
		"the owner migrates":                              theOwnerMigrates,
		"the roles have no special rights":                theRolesHaveNoSpecialRights,
		"the functions' role can do all that tools do":    theFunctionsRoleCanDoAllThatToolsDo,
		"the functions' role cannot change the schema":    theFunctionsRoleCannotChangeTheSchema,
		"the functions' role sees one principal's rows":   theFunctionsRoleSeesOnePrincipalsRows,
		"the gateway's role accesses only its table":      theGatewaysRoleAccessesOnlyItsTable,
		"the roles cannot connect to another environment": theRolesCannotConnectToAnotherEnvironment,
		"only a superuser initialises":                    onlyASuperuserInitialises,
	} {
		t.Run(promise, func(t *testing.T) {
			inside := *f
			inside.t = t
			kept(t, &inside)
		})
	}
}

func theOwnerMigrates(t *testing.T, f *fixture) {
	all, err := migrations.Status(t.Context(), f.owner("prod"))
	require.NoError(t, err)
	assert.False(t, slices.ContainsFunc(all, migrations.Migration.Pending))
	assert.Zero(t, query[int](f, "sq_prod", `SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relowner <> 'sq_prod_owner'::regrole`))
}

func theRolesHaveNoSpecialRights(t *testing.T, f *fixture) {
	assert.Equal(t, 3, query[int](f, "postgres", `SELECT count(*) FROM pg_roles WHERE rolname IN ('sq_prod', 'sq_prod_owner', 'sq_prod_gateway') AND rolcanlogin
		AND NOT (rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication)`))
	assert.Equal(t, 350, query[int](f, "postgres", `SELECT rolconnlimit FROM pg_roles WHERE rolname = 'sq_prod'`))
	assert.Equal(t, 20, query[int](f, "postgres", `SELECT rolconnlimit FROM pg_roles WHERE rolname = 'sq_prod_gateway'`))
	conn := f.connect(f.functions("prod"))
	var timeout string
	require.NoError(t, conn.QueryRow(t.Context(), "SHOW statement_timeout").Scan(&timeout))
	assert.Equal(t, "5s", timeout)
}

func TestInitRemovesSpecialAttributes(t *testing.T) {
	t.Parallel()
	f := initialised(t, "prod")
	f.exec("postgres", "ALTER ROLE sq_prod SUPERUSER", "GRANT sq_prod_owner TO sq_prod")
	f.must("database", "init", "prod")
	assert.False(t, query[bool](f, "postgres", `SELECT rolsuper OR pg_has_role('sq_prod', 'sq_prod_owner', 'MEMBER') FROM pg_roles WHERE rolname = 'sq_prod'`))
}

func theFunctionsRoleCanDoAllThatToolsDo(t *testing.T, f *fixture) {
	s := f.service("prod")
	turn := open(t, t.Context(), s, "Book a trip")
	turn = answer(t, t.Context(), s, turn)
	assert.True(t, turn.Metadata.Complete)
	assert.Equal(t, tripValues, report(t, t.Context(), s, turn.ConversationID).Values)
	_, err := s.Revise(t.Context(), conversation.ReviseInput{ConversationID: turn.ConversationID, Slot: "budget", Value: 700.0})
	require.NoError(t, err)
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: f.functions("prod"), MaxConns: 2})
	require.NoError(t, err)
	defer pool.Close()
	claimed, err := delivery.NewOutbox(pool).Claim(t.Context(), 100, time.Minute)
	require.NoError(t, err)
	require.NotEmpty(t, claimed)
	require.NoError(t, delivery.NewOutbox(pool).Settle(t.Context(), delivery.Settlement{Published: claimed}))
	_, err = s.Forget(t.Context(), conversation.ForgetInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Zero(t, query[int](f, "sq_prod", "SELECT count(*) FROM conversations WHERE id = $1", turn.ConversationID))
}

func theFunctionsRoleCannotChangeTheSchema(t *testing.T, f *fixture) {
	conn := f.connect(f.functions("prod"))
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

func theFunctionsRoleSeesOnePrincipalsRows(t *testing.T, f *fixture) {
	s := f.service("prod")
	open(t, principal.With(t.Context(), "ann"), s, "Book a trip")
	conn := f.connect(f.functions("prod"))
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

func theGatewaysRoleAccessesOnlyItsTable(t *testing.T, f *fixture) {
	turn := open(t, t.Context(), f.service("prod"), "Book a trip")
	conn := f.connect(f.url("sq_prod_gateway", gatePassword, "sq_prod"))
	_, err := conn.Exec(t.Context(), "SELECT set_config('app.principal', 'local', false), set_config('app.role', 'eventing', false)")
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `INSERT INTO elicitations (id, conversation_id, expires_at) VALUES ('ask-0123456789ABCDEF', $1, now() + interval '1 day')`, turn.ConversationID)
	require.NoError(t, err, "the foreign key is checked with the owner's privileges")
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
	tables := query[[]string](f, "sq_prod", `SELECT array_agg(relname::text) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') AND relname <> 'elicitations'`)
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

func TestInitRevokesTheGatewaysExcessPrivileges(t *testing.T) {
	t.Parallel()
	f := initialised(t, "prod")
	f.exec("sq_prod", "GRANT SELECT ON answers TO sq_prod_gateway", "GRANT TRUNCATE ON elicitations TO sq_prod_gateway", "GRANT CREATE ON SCHEMA public TO sq_prod_gateway")
	_, progress, err := f.run("database", "init", "prod")
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"REVOKE CREATE ON SCHEMA public FROM sq_prod_gateway", "REVOKE TRUNCATE ON TABLE public.elicitations FROM sq_prod_gateway",
		"REVOKE SELECT ON TABLE public.answers FROM sq_prod_gateway"}, strings.Split(strings.TrimSpace(progress), "\n"))
	theGatewaysRoleAccessesOnlyItsTable(t, f)
}

func theRolesCannotConnectToAnotherEnvironment(t *testing.T, f *fixture) {
	for _, url := range []string{f.url("sq_dev", rolePassword, "sq_prod"), f.url("sq_prod", rolePassword, "sq_dev"), f.url("sq_dev_owner", ownerPassword, "sq_prod")} {
		_, err := pgx.Connect(t.Context(), url)
		require.ErrorContains(t, err, "permission denied for database")
	}
}

func TestInitRefusesADatabaseOfAnotherEnvironment(t *testing.T) {
	t.Parallel()
	f := initialised(t, "dev")
	f.exec("postgres", "ALTER DATABASE sq_dev RENAME TO sq_prod")
	f.refused("database sq_prod belongs to environment dev, not prod", "database", "init", "prod")
	assert.Zero(t, query[int](f, "postgres", `SELECT count(*) FROM pg_roles WHERE rolname = 'sq_prod'`), "nothing was changed")
}

func TestInitAdoptsADatabaseOnlyWithTheFlag(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.exec("postgres", "CREATE ROLE sq_prod_owner LOGIN PASSWORD '"+ownerPassword+"'", "CREATE DATABASE sq_prod OWNER sq_prod_owner")
	require.NoError(t, migrations.Up(t.Context(), f.owner("prod")))
	// As after a dump that a superuser restored by hand.
	f.exec("sq_prod", "ALTER DATABASE sq_prod OWNER TO postgres", "ALTER TABLE answers OWNER TO postgres", "GRANT SELECT ON answers TO PUBLIC")
	f.refused("--adopt marks it", "database", "init", "prod")
	f.must("database", "init", "prod", "--adopt")
	open(t, t.Context(), f.service("prod"), "Book a trip")
	theOwnerMigrates(t, f)
	theGatewaysRoleAccessesOnlyItsTable(t, f)
	assert.Contains(t, f.must("database", "init", "prod"), ": 0 changes")
}

func TestAnAdministratorWithoutSuperuserInitialises(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.exec("postgres", "CREATE ROLE administrator LOGIN CREATEDB CREATEROLE PASSWORD 'administrator-0123456789'")
	managed := f.with("ADMIN_DATABASE_URL", f.url("administrator", "administrator-0123456789", "postgres"))
	managed.must("database", "init", "prod")
	before := query[string](f, "sq_prod", everything)
	assert.Contains(t, managed.must("database", "init", "prod"), ": 0 changes")
	assert.Contains(t, f.must("database", "init", "prod"), ": 0 changes", "nor as a superuser")
	assert.JSONEq(t, before, query[string](f, "sq_prod", everything))
	open(t, t.Context(), f.service("prod"), "Book a trip")
	theFunctionsRoleCannotChangeTheSchema(t, f)

	managed.with("FUNCTIONS_PASSWORD", "another-password-0123").must("database", "init", "prod")
	f.connect(f.url("sq_prod", "another-password-0123", "sq_prod"))
	managed.refused("want a superuser", "database", "switch", "prod", "sq_prod_x", "--yes")
}

func TestInitSetsAnExistingRolesPasswordOnlyIfGiven(t *testing.T) {
	t.Parallel()
	f := initialised(t, "prod")
	kept := query[string](f, "postgres", `SELECT rolpassword FROM pg_authid WHERE rolname = 'sq_prod'`)
	f.with("FUNCTIONS_PASSWORD", "").must("database", "init", "prod")
	assert.Equal(t, kept, query[string](f, "postgres", `SELECT rolpassword FROM pg_authid WHERE rolname = 'sq_prod'`))
	f.with("FUNCTIONS_PASSWORD", "another-password-0123").must("database", "init", "prod")
	f.connect(f.url("sq_prod", "another-password-0123", "sq_prod"))
	_, err := pgx.Connect(t.Context(), f.functions("prod"))
	assert.ErrorContains(t, err, "password authentication failed")
}

func TestInitNeedsThePasswordOfAMissingRole(t *testing.T) {
	t.Parallel()
	f := newFixture(t).with("FUNCTIONS_PASSWORD", "")
	f.refused("set FUNCTIONS_PASSWORD", "database", "init", "prod")
	f.with("FUNCTIONS_PASSWORD", "short").refused("FUNCTIONS_PASSWORD has 5 characters", "database", "init", "prod")
}

func onlyASuperuserInitialises(t *testing.T, f *fixture) {
	f.with("ADMIN_DATABASE_URL", f.owner("prod")).refused("want a superuser, or a role with CREATEDB and CREATEROLE", "database", "init", "prod")
}

func TestPasswordsAreNeitherPrintedNorSentToTheServer(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	server, err := embedded.Start(t.Context(), embedded.Options{Dir: postgrestest.Folder(t), Log: &log, Fast: true})
	require.NoError(t, err)
	stop := sync.OnceValue(func() error { return server.Stop(context.Background()) })
	defer stop()
	f := newOffline(t).with("ADMIN_DATABASE_URL", server.AdminURL()).with("OWNER_PASSWORD", ownerPassword).with("FUNCTIONS_PASSWORD", rolePassword).with("GATEWAY_PASSWORD", gatePassword)
	f.server = server
	f.exec("postgres", "ALTER SYSTEM SET log_statement = 'all'", "SELECT pg_reload_conf()")
	out, progress, err := f.run("database", "init", "prod")
	require.NoError(t, err)
	require.NoError(t, stop())
	require.Contains(t, log.String(), `ALTER ROLE "sq_prod" PASSWORD 'SCRAM-SHA-256$`, "statements are logged")
	for _, password := range []string{ownerPassword, rolePassword, gatePassword} {
		assert.NotContains(t, out+progress+log.String(), password)
	}
	assert.NotContains(t, out+progress, "SCRAM")
}

func TestErrorsDoNotShowTheAdministratorsURL(t *testing.T) {
	t.Parallel()
	f := newOffline(t)
	for _, url := range []string{"postgres://admin:hunter2secret@127.0.0.1:1/postgres", "postgres://admin:hunter2secret%zz@host", "postgres://admin@host?password=hunter2secret", "hunter2secret"} {
		_, progress, err := f.with("ADMIN_DATABASE_URL", url).run("database", "init", "prod")
		require.Error(t, err)
		assert.NotContains(t, err.Error()+progress, "hunter2secret")
	}
	f.with("ADMIN_DATABASE_URL", "").refused("ADMIN_DATABASE_URL is not set", "database", "init", "prod")
}

func TestThereAreThreeEnvironments(t *testing.T) {
	t.Parallel()
	newOffline(t).refused(`there is no environment "test": want one of [dev staging prod]`, "database", "init", "test")
}

// newOffline returns a fixture without a server.
func newOffline(t testing.TB) *fixture { return &fixture{t: t, variables: variables{}} }

func TestEveryCommandHasHelp(t *testing.T) {
	t.Parallel()
	var walk func(path []string)
	walk = func(path []string) {
		out := newOffline(t).must(append(path, "--help")...)
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
	require.NoError(t, err, "tests of backups need PostgreSQL's client programs")
}
