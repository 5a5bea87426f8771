// Package local runs the gateway and every function in one process, on a
// PostgreSQL server of its own or a given one: the same code that runs on a
// cluster, for a laptop.
package local

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	fn "knative.dev/func-go/http"

	"github.com/sequential-questioning/sequential-questioning/functions/gateway"
	"github.com/sequential-questioning/sequential-questioning/functions/local/stdio"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
	"github.com/sequential-questioning/sequential-questioning/shared/inprocess"
	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
	"github.com/sequential-questioning/sequential-questioning/shared/telemetry"
)

// Options of a local server.
type Options struct {
	Host string // address to listen on; empty is 127.0.0.1. Whoever reaches it is the user
	Port int    // on Host; 0 takes a free one
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

// startPatience is how long the calls of a client that has closed its output have to
// end, which may have to wait for the first start.
const startPatience = time.Minute

// Run serves until ctx ends. Discovery is answered at once, and calls as soon as they
// can be; then ready is called with the URL for clients.
func Run(ctx context.Context, options Options, ready func(url string)) error {
	// Taken first, so that a second start does not touch the first's database.
	front, err := net.Listen("tcp", net.JoinHostPort(cmp.Or(options.Host, loopback), strconv.Itoa(options.Port)))
	if err != nil {
		return fmt.Errorf("listen (choose another port with --port): %w", err)
	}
	defer front.Close()
	return run(ctx, options, func(ctx context.Context, route *gateway.Function, behind *backend) error {
		server := serve(front, fn.New(route).Handler)
		server.RegisterOnShutdown(route.Drain)
		defer shutdown(server)
		if err := behind.await(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		ready("http://" + reachable(front.Addr()) + "/mcp")
		<-ctx.Done()
		fmt.Fprintln(options.Out, "Stopping; conversations are kept.")
		return nil
	})
}

// loopback is the address that only programs of this machine reach.
const loopback = "127.0.0.1"

// reachable is how clients of this machine reach a server: one that listens on every
// address does on loopback, which is also a name that ALLOWED_HOSTS has.
func reachable(listening net.Addr) string {
	if tcp, ok := listening.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort(loopback, strconv.Itoa(tcp.Port))
	}
	return listening.String()
}

// RunStdio serves the one client that writes to in and reads out, until in or ctx
// ends. Discovery is answered at once, and calls as soon as they can be, or with what
// is in the way of it. out carries messages and nothing else; progress for people goes to
// options.Out, which has to be another file.
func RunStdio(ctx context.Context, options Options, in io.Reader, out io.Writer) error {
	if os.Getenv("OAUTH_ISSUER") != "" {
		return errors.New("OAUTH_ISSUER is set, but over standard input and output no client sends a token: unset it, or serve HTTP without --stdio")
	}
	return run(ctx, options, func(ctx context.Context, route *gateway.Function, behind *backend) error {
		const name = "gateway"
		unserve := inprocess.Serve(name, fn.New(route).Handler)
		defer func() { _ = unserve(context.Background()) }() // cannot time out: no request is under way
		var beside sync.WaitGroup
		defer beside.Wait()
		beside.Go(func() {
			if err := behind.await(ctx); err != nil && ctx.Err() == nil {
				fmt.Fprintln(options.Out, "error:", err) // for the host's log; the next call tries again
			}
		})
		client := stdio.Server{
			Client: &http.Client{Transport: inprocess.Transport(http.DefaultTransport)},
			URL:    "http://" + name + inprocess.Domain + "/mcp",
			Drain:  route.Drain, Patience: startPatience,
			Met: func(params json.RawMessage) {
				beside.Go(func() {
					if behind.await(ctx) == nil { // which makes the folder
						noteClient(options.Data, params)
					}
				})
			},
		}
		return client.Serve(ctx, in, out)
	})
}

// run starts the gateway, and has everything behind it start; it stops it all when
// front returns.
func run(ctx context.Context, options Options, front func(ctx context.Context, route *gateway.Function, behind *backend) error) (err error) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	fn.SetLogLevel(fn.LogWarn)
	configureGateway()
	shown, err := telemetry.Setup(ctx, function.Product)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shown.Shutdown(context.WithoutCancel(ctx))) }()
	life, stopBackend := context.WithCancel(ctx)
	behind := &backend{options: options, life: life}
	defer func() { stopBackend(); err = errors.Join(err, behind.close()) }()
	route := gateway.NewWith(func() (gateway.Config, error) { return gatewayConfig(behind) })
	defer func() { err = errors.Join(err, stop([]instance{route})) }()
	if err := route.Start(ctx, nil); err != nil {
		return err
	}
	behind.begin()
	return front(ctx, route, behind)
}

// inProcess is the address of a function: none that others could reach.
const inProcess = "http://{function}" + inprocess.Domain

// configureGateway sets what the gateway reads from its environment, and the functions
// as well, where the person running this has not.
func configureGateway() {
	os.Setenv("FUNCTION_URL", inProcess+"/mcp")
	setDefaults(map[string]string{
		// Whoever reaches this machine's loopback is its user.
		"ALLOW_UNAUTHENTICATED": "true",
		"ALLOWED_HOSTS":         "localhost,127.0.0.1,[::1]",
		// No route limits a request here: a person may take a day over a form.
		"ELICITATION_TIMEOUT": "24h",
		"LOG_FORMAT":          "text",
		// Every function is in this process.
		"WAKE_FUNCTIONS": "false",
	})
}

// configureBackend sets what the functions alone read.
func configureBackend(database, requestStateKeys string) {
	os.Setenv("DATABASE_URL", database)
	setDefaults(map[string]string{
		"RELAY_URL":          strings.ReplaceAll(inProcess, "{function}", "relay"),
		"EVENT_SIGNING_KEYS": keyring.Generate(), // no event outlives the process
		"REQUEST_STATE_KEYS": requestStateKeys,
	})
}

// setDefaults leaves alone what the person has set, by which each of these can be
// changed.
func setDefaults(settings map[string]string) {
	for name, value := range settings {
		if os.Getenv(name) == "" {
			os.Setenv(name, value)
		}
	}
}

// gatewayConfig is the environment's, for the one instance on a laptop: its calls wait
// for what is behind it, only its user reaches its metrics, every form of a call may
// take its whole time, and there is no other instance to poll for.
func gatewayConfig(behind *backend) (gateway.Config, error) {
	config, err := gateway.FromEnvironment()
	config.Startup, config.Postgres.Locate = behind.await, behind.locate
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

// Stop waits for the calls under way first. A call that came in between would find a
// function that has closed its database.
func (s served) Stop(ctx context.Context) error {
	return errors.Join(s.unserve(ctx), s.instance.Stop(ctx))
}

// assemble makes every function but the gateway, each called under its name. One
// that calls another comes before it.
func assemble(own *ownMemory) []instance {
	var functions []instance
	add := func(name string, f instance) {
		functions = append(functions, served{f, inprocess.Serve(name, fn.New(f).Handler)})
	}
	for _, t := range ToolFunctions {
		add(t.Name, t.New())
	}
	for i, f := range eventing(own.indexed()) {
		add(EventingFunctions[i], f)
	}
	return functions
}

// serve bounds how long a request may take to come, not how long an answer takes: a
// call may wait for a person.
func serve(listener net.Listener, handler http.Handler) *http.Server {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute}
	go func() { _ = server.Serve(listener) }() // until the server's Shutdown
	return server
}

// shutdown waits for calls under way, and ends those that take too long.
func shutdown(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		server.Close()
	}
}

// stop stops functions in their order. One that fails to stop does not keep the others
// running.
func stop(functions []instance) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
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
