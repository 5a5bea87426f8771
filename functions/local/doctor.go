package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	fn "knative.dev/func-go/http"

	"github.com/sequential-questioning/sequential-questioning/functions/gateway"
	"github.com/sequential-questioning/sequential-questioning/migrations"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/embedded"
	"github.com/sequential-questioning/sequential-questioning/shared/version"
)

// doctorTimeout bounds one question to a database or a server. A person waits for all
// of them.
const doctorTimeout = 5 * time.Second

// finding is one line of the doctor's. The remedy is a command or a setting, never only
// a cause.
type finding struct {
	what string
	mend string // empty for what is in order
}

// Diagnose says what is wrong with the installation and how to mend it, and returns how
// much is. It changes nothing, and starts nothing. Its checks are in the order in which
// a start would fail, so that the first remedy is the one to begin with. Nothing it
// prints holds a password or people's words.
func Diagnose(ctx context.Context, options Options) (problems int) {
	d := doctor{Options: options}
	d.program()
	usable := d.folder()
	d.database(ctx, usable)
	d.configuration(ctx)
	d.port(ctx)
	if usable {
		d.clients()
	}
	for _, f := range d.findings {
		if f.mend == "" {
			fmt.Fprintln(options.Out, "ok   "+f.what)
			continue
		}
		problems++
		fmt.Fprintln(options.Out, "FAIL "+f.what+"\n     "+f.mend)
	}
	return problems
}

// doctor collects findings; it is used once.
type doctor struct {
	Options
	findings []finding
}

// ok adds what is in order; a person sees by it what was looked at.
func (d *doctor) ok(format string, args ...any) {
	d.findings = append(d.findings, finding{what: fmt.Sprintf(format, args...)})
}

// fail adds what is wrong, with its remedy.
func (d *doctor) fail(what any, mend string) {
	d.findings = append(d.findings, finding{fmt.Sprint(what), mend})
}

// program says which program this is, and under which name a host finds it. Hosts
// started from a desktop often have another PATH than a shell.
func (d *doctor) program() {
	self, err := os.Executable()
	if err != nil {
		d.fail(err, "Start the program by its full path.")
		return
	}
	named := "hosts start it by its full path"
	if found, err := exec.LookPath(function.Product); err == nil {
		if resolved(found) == resolved(self) {
			named = "hosts find it by its name, if their PATH is this one"
		} else {
			named = "hosts that go by its name start another one: " + found
		}
	}
	d.ok("version %s for %s/%s: %s (%s)", version.Version, runtime.GOOS, runtime.GOARCH, self, named)
}

// resolved is the file behind links. A path that cannot be followed stands for itself.
func resolved(path string) string {
	if file, err := filepath.EvalSymlinks(path); err == nil {
		return file
	}
	return path
}

// folder looks whether keys and data can be written. A folder that is yet to be made is
// in order where it can be.
func (d *doctor) folder() (usable bool) {
	mend := "Choose a folder of your own with --data, or give this one to your user: chown -R $USER " + strconv.Quote(d.Data)
	info, err := os.Stat(d.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		above := filepath.Dir(d.Data)
		// The nearest folder that exists decides whether the others can be made.
		for {
			if _, err := os.Stat(above); err == nil || above == filepath.Dir(above) {
				break
			}
			above = filepath.Dir(above)
		}
		if err := writable(above); err != nil {
			d.fail(fmt.Sprintf("data folder %s cannot be made: %v", d.Data, err), mend)
			return false
		}
		d.ok("data folder %s is made at the first start", d.Data)
		return true
	case err != nil:
		d.fail(fmt.Sprintf("data folder: %v", err), mend)
		return false
	case !info.IsDir():
		d.fail(fmt.Sprintf("data folder %s is a file", d.Data), "Choose another folder with --data, or move the file away.")
		return false
	}
	if err := writable(d.Data); err != nil {
		d.fail(fmt.Sprintf("data folder %s cannot be written: %v", d.Data, err), mend)
		return false
	}
	d.ok("data folder %s can be written", d.Data)
	return true
}

// writable tries it: modes and owners do not say it on every file system.
func writable(folder string) error {
	file, err := os.CreateTemp(folder, ".doctor-*")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// database looks at the given server, or at the programs and the data of the own.
func (d *doctor) database(ctx context.Context, folderUsable bool) {
	if d.DatabaseURL != "" {
		d.server(ctx, d.DatabaseURL, "the server of DATABASE_URL")
		return
	}
	if !folderUsable {
		return // that is mended first
	}
	state, err := embedded.Inspect(ctx, databaseFolder(d.Data))
	var missing *embedded.MissingError
	switch {
	case errors.As(err, &missing):
		d.fail(err, "Run that command, or set DATABASE_URL to a server that you have.")
		return
	case os.Getenv("POSTGRES_BIN") != "" && err != nil:
		d.fail(err, "Set POSTGRES_BIN to the folder that holds postgres, initdb and pg_ctl, or unset it.")
		return
	case err != nil:
		d.fail(err, "Install what is missing, or start with a new folder: --data.")
		return
	}
	d.ok("PostgreSQL %s in %s", state.Installation.Version, state.Installation.Bin)
	switch {
	case state.URL != "":
		d.server(ctx, state.URL, "the server of the data folder, which runs")
	case state.Kept:
		log, _ := os.ReadFile(state.Log) // says nothing where it cannot be read
		d.fail("the server of the data folder runs but does not answer: "+string(bytes.TrimSpace(log)),
			"Wait half a minute and look again; then end the processes of this program and start one again.")
	case state.Major == 0:
		d.ok("the database is made at the first start")
	default:
		d.ok("the database is there, and not in use")
	}
}

// server looks at a running server. A role that bypasses row security is a failure
// although everything would work: nothing would keep principals apart.
func (d *doctor) server(ctx context.Context, url, name string) {
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		d.fail(name+" does not answer: "+err.Error(), "Start it, or correct DATABASE_URL: postgres://user:password@host:5432/database.")
		return
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var number int
	var bypasses bool
	if err := conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user`).Scan(&number, &bypasses); err != nil {
		d.fail(name+": "+err.Error(), "Connect as a role that can log in and read pg_roles.")
		return
	}
	switch major := number / 10_000; {
	case major < embedded.OldestVersion:
		d.fail(fmt.Sprintf("%s is PostgreSQL %d", name, major), fmt.Sprintf("Use PostgreSQL %d or newer.", embedded.OldestVersion))
		return
	case bypasses:
		d.fail(name+" is used as a role that bypasses row security", "Create a role without SUPERUSER and BYPASSRLS that owns the database, and name it in DATABASE_URL.")
		return
	}
	current, err := migrations.Version(ctx, url)
	if err != nil {
		d.fail(name+": "+err.Error(), "Let the role own the database.")
		return
	}
	latest, err := migrations.Latest()
	switch {
	case err != nil:
		d.fail(err, "Install the program again.")
	case current > latest:
		d.ok("%s answers; a newer version of this program has migrated it (%d, this one knows %d), which does no harm", name, current, latest)
	case current < latest:
		d.ok("%s answers; the next start migrates it from %d to %d", name, current, latest)
	default:
		d.ok("%s answers; its schema is that of this version (%d)", name, current)
	}
}

// configuration has everything read its settings, as a start does. It starts every
// function, which opens no connection, and stops it again. What it sets in the
// environment for that is unset.
func (d *doctor) configuration(ctx context.Context) {
	for _, setting := range []string{"DATABASE_URL", "REQUEST_STATE_KEYS", "QDRANT_URL"} {
		if os.Getenv(setting) == "" {
			defer os.Unsetenv(setting)
		}
	}
	url := d.DatabaseURL
	if url == "" {
		url = "postgres://127.0.0.1:1/doctor" // nothing connects to it
	}
	fn.SetLogLevel(fn.LogWarn)
	configureGateway()
	configureBackend(url, keyring.Generate())
	failed := map[string]bool{}
	functions := assemble(&ownMemory{})
	functions = append(functions, gateway.New())
	for _, f := range functions {
		if err := f.Start(ctx, nil); err != nil {
			// Functions have settings in common: each is said once.
			_, cause, _ := strings.Cut(err.Error(), ": ")
			failed[cause] = true
		}
	}
	for _, cause := range slices.Sorted(maps.Keys(failed)) {
		d.fail(cause, "Correct or unset that setting: docs/configuration.md.")
	}
	_ = stop(functions) // nothing was under way
	if len(failed) == 0 {
		d.ok("the settings of all functions are in order")
	}
}

// port looks who has the port of HTTP clients. Taking the port for a moment is the one
// sure way to find out whether it is free.
func (d *doctor) port(ctx context.Context) {
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(d.Port))
	listener, err := net.Listen("tcp", address)
	if err == nil {
		listener.Close()
		d.ok("port %d is free for HTTP clients; --stdio needs none", d.Port)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	running, err := servedVersion(ctx, "http://"+address+"/mcp")
	switch {
	case err != nil:
		d.fail(fmt.Sprintf("port %d is taken by another program (%v)", d.Port, err), "Choose another with --port, and change the URL in your clients; --stdio needs none.")
	case running != version.Version:
		d.fail(fmt.Sprintf("version %s serves at http://%s/mcp, and this is %s", running, address, version.Version), "Stop it and start this one.")
	default:
		d.ok("this version serves at http://%s/mcp", address)
	}
}

// servedVersion is the version of this program that serves at a URL. The revision is
// one that every version of this program speaks.
func servedVersion(ctx context.Context, url string) (string, error) {
	body := `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"doctor","version":"1"}}}`
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json, text/event-stream")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", errors.New("it speaks no HTTP")
	}
	defer response.Body.Close()
	var answer struct {
		Result struct {
			Server struct{ Name, Version string } `json:"serverInfo"`
		} `json:"result"`
	}
	if json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&answer) != nil || answer.Result.Server.Name != function.Product {
		return "", fmt.Errorf("it answers %s", response.Status)
	}
	return answer.Result.Server.Version, nil
}

// clients says what those who connected over standard input and output can show. It
// fails for none: a client that shows no forms works as well.
func (d *doctor) clients() {
	seen, err := seenClients(d.Data)
	if err != nil {
		d.fail(err, "Delete the file; it is written again.")
		return
	}
	for _, c := range seen {
		forms := "shows no forms: ask with sequential_questioning"
		if c.Forms {
			forms = "shows forms: sequential_questioning_automatic asks by itself"
		}
		d.ok("client %s %s, revision %s, last connected %s, %s", c.Name, c.Version, c.Revision, c.At.Local().Format(time.DateTime), forms)
	}
	if len(seen) == 0 {
		d.ok("no client has connected over standard input and output yet")
	}
}
