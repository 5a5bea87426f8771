// Package local runs the gateway and every function in one process, on a
// PostgreSQL server of its own or a given one: the same code that runs on a
// cluster, for a laptop.
package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	fn "knative.dev/func-go/http"

	"github.com/sequential-questioning/sequential-questioning/functions/gateway"
	"github.com/sequential-questioning/sequential-questioning/functions/local/stdio"
	"github.com/sequential-questioning/sequential-questioning/migrations"
	"github.com/sequential-questioning/sequential-questioning/shared/inprocess"
	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
	"github.com/sequential-questioning/sequential-questioning/shared/telemetry"
)

// Options of a local server.
type Options struct {
	Port int    // on 127.0.0.1; 0 takes a free one
	Data string // folder of what is kept: the database, when DatabaseURL is empty, and keys
	// DatabaseURL is an existing PostgreSQL server.
	DatabaseURL string
	// Keeper is the command that keeps the database of Data for all processes that use
	// it at a time: see Keep. Without one this process keeps it, for itself alone.
	Keeper []string
	Out    io.Writer // progress, for a person
}

// stopTimeout bounds how long a stop waits for calls and for the database.
const stopTimeout = 15 * time.Second

// Run serves until ctx ends. ready is called with the URL for clients once
// calls are answered.
func Run(ctx context.Context, options Options, ready func(url string)) error {
	// Taken first, so that a second start does not touch the first's database.
	front, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(options.Port)))
	if err != nil {
		return fmt.Errorf("listen (choose another port with --port): %w", err)
	}
	defer front.Close()
	return run(ctx, options, func(ctx context.Context, route *gateway.Function) error {
		server := serve(front, fn.New(route).Handler)
		server.RegisterOnShutdown(route.Drain)
		defer shutdown(server)
		ready("http://" + front.Addr().String() + "/mcp")
		<-ctx.Done()
		fmt.Fprintln(options.Out, "Stopping; conversations are kept.")
		return nil
	})
}

// RunStdio serves the one client that writes to in and reads out, until in or ctx
// ends.
func RunStdio(ctx context.Context, options Options, in io.Reader, out io.Writer) error {
	if os.Getenv("OAUTH_ISSUER") != "" {
		return errors.New("OAUTH_ISSUER is set, but over standard input and output no client sends a token: unset it, or serve HTTP without --stdio")
	}
	return run(ctx, options, func(ctx context.Context, route *gateway.Function) error {
		const name = "gateway"
		unserve := inprocess.Serve(name, fn.New(route).Handler)
		defer func() { _ = unserve(context.Background()) }() // cannot time out: no request is under way
		client := stdio.Server{
			Client: &http.Client{Transport: inprocess.Transport(http.DefaultTransport)},
			URL:    "http://" + name + inprocess.Domain + "/mcp",
			Drain:  route.Drain, Patience: stopTimeout,
			Met: func(params json.RawMessage) { noteClient(options.Data, params) },
		}
		return client.Serve(ctx, in, out)
	})
}

// run starts everything behind the gateway, and the gateway, and stops it all when
// front returns.
func run(ctx context.Context, options Options, front func(ctx context.Context, route *gateway.Function) error) (err error) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	database, stopDatabase, err := openDatabase(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopDatabase()) }()
	if err := migrations.Up(ctx, database); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	own, err := openMemory()
	if err != nil {
		return err
	}
	defer own.close()
	if err := configure(database, options.Data, keyring.Kept); err != nil {
		return err
	}
	if err := own.follow(ctx); err != nil {
		return err
	}

	shown, err := telemetry.Setup(ctx, "sequential-questioning")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shown.Shutdown(context.WithoutCancel(ctx))) }()
	functions := assemble(own)
	route := gateway.NewWith(gatewayConfig)
	defer func() { err = errors.Join(err, stop(functions, route)) }()
	for _, f := range functions {
		if err := f.Start(ctx, nil); err != nil {
			return err
		}
	}
	if err := route.Start(ctx, nil); err != nil {
		return err
	}
	tended := make(chan struct{})
	go func() {
		defer close(tended)
		own.tend(ctx, os.Getenv("RELAY_URL"))
	}()
	defer func() { end(); <-tended }()
	return front(ctx, route)
}

// inProcess is the address of a function: none that others could reach.
const inProcess = "http://{function}" + inprocess.Domain

// configure sets what the functions read from their environment, where the
// person running this has not. keep returns the keys that are kept in a file.
func configure(database, data string, keep func(path string) (string, error)) error {
	keys := os.Getenv("REQUEST_STATE_KEYS")
	if keys == "" {
		var err error
		if keys, err = keep(filepath.Join(data, "request-state-keys")); err != nil {
			return err
		}
	}
	os.Setenv("DATABASE_URL", database)
	os.Setenv("FUNCTION_URL", inProcess+"/mcp")
	for name, value := range map[string]string{
		"RELAY_URL":          strings.ReplaceAll(inProcess, "{function}", "relay"),
		"K_SINK":             strings.ReplaceAll(inProcess, "{function}", "indexer"),
		"EVENT_SIGNING_KEYS": keyring.Generate(), // no event outlives the process
		"REQUEST_STATE_KEYS": keys,
		// Whoever reaches this machine's loopback is its user.
		"ALLOW_UNAUTHENTICATED": "true",
		"ALLOWED_HOSTS":         "localhost,127.0.0.1,[::1]",
		// No route limits a request here: a person may take a day over a form.
		"ELICITATION_TIMEOUT": "24h",
		"LOG_FORMAT":          "text",
		// Every function is in this process.
		"WAKE_FUNCTIONS": "false",
	} {
		if os.Getenv(name) == "" {
			os.Setenv(name, value)
		}
	}
	return nil
}

// gatewayConfig is the environment's, for the one instance on a laptop: only its
// user reaches its metrics, every form of a call may take its whole time, and there
// is no other instance to poll for.
func gatewayConfig() (gateway.Config, error) {
	config, err := gateway.FromEnvironment()
	config.ServeMetrics = true
	config.ElicitationCallTimeout = time.Duration(config.ElicitationRounds) * config.ElicitationTimeout
	config.ElicitationPollInterval = 15 * time.Second
	return config, err
}

// instance is a function with all its hooks.
type instance interface {
	fn.Handler
	fn.Starter
	fn.Stopper
}

// served is a function that others of this process can call.
type served struct {
	instance
	unserve func(context.Context) error
}

// Stop waits for the calls under way first.
func (s served) Stop(ctx context.Context) error {
	return errors.Join(s.unserve(ctx), s.instance.Stop(ctx))
}

// assemble makes every function but the gateway, each called under its name. One
// that calls another comes before it.
func assemble(own *ownMemory) []instance {
	fn.SetLogLevel(fn.LogWarn)
	var functions []instance
	add := func(name string, f instance) {
		handler := fn.New(f).Handler
		if name == "indexer" {
			handler = own.indexing(handler)
		}
		functions = append(functions, served{f, inprocess.Serve(name, handler)})
	}
	for _, t := range ToolFunctions {
		add(t.Name, t.New())
	}
	for _, f := range EventingFunctions {
		add(f.Name, f.New())
	}
	return functions
}

func serve(listener net.Listener, handler http.Handler) *http.Server {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute}
	go func() { _ = server.Serve(listener) }() // until the server's Shutdown
	return server
}

func shutdown(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		server.Close()
	}
}

// stop stops the gateway first, then the functions in their order.
func stop(functions []instance, route instance) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	err := route.Stop(ctx)
	for _, f := range functions {
		err = errors.Join(err, f.Stop(ctx))
	}
	return err
}

// Clients returns what to say to a client, and how to connect the usual ones, for a
// person to copy.
func Clients(url string) string {
	return strings.NewReplacer("URL", url).Replace(`Say to your client, once it is connected:

  Use sequential_questioning to find out what I need for a bug report, and ask me.

Connect a client:

  Claude Code   claude mcp add --transport http sequential-questioning URL
  VS Code       code --add-mcp '{"name":"sequential-questioning","type":"http","url":"URL"}'
  Cursor        in .cursor/mcp.json: {"mcpServers":{"sequential-questioning":{"url":"URL"}}}
  Inspector     npx @modelcontextprotocol/inspector --cli URL --transport http --method tools/list
`)
}
