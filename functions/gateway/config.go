package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/identity"
	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/settings"
)

const (
	functionPlaceholder  = "{function}"
	namespacePlaceholder = "{namespace}"
	anyOrigin            = "*"
	loopbackOrigins      = "loopback"
)

// What no operator has a reason to set.
const (
	// maxResponse bounds a function's response, in bytes: the gateway holds it whole.
	maxResponse = 8 << 20
	// maxWaiting bounds the calls that wait for a person. Each holds a connection
	// and a goroutine, but none of MaxConcurrentCalls.
	maxWaiting = 200
	// elicitationRounds bounds the forms of one call: a function that asks for ever
	// would keep the call open for ever.
	elicitationRounds = 10
	// elicitationCallTimeout ends a call, with all its forms, before the route does:
	// Knative's limit on a request is 300 s.
	elicitationCallTimeout = 4*time.Minute + 40*time.Second
	// pollInterval is what a person may notice of a form that is answered at another
	// instance, and what an idle wait costs the database.
	pollInterval = time.Second
	// keepaliveInterval is well under the 60 s after which proxies such as nginx
	// close an idle stream.
	keepaliveInterval = 15 * time.Second
	// startupTimeout is under the 60 s after which clients give up a call.
	startupTimeout = 45 * time.Second
	// startupKeepaliveInterval shows a person soon what the call waits for.
	startupKeepaliveInterval = 3 * time.Second
)

// Config says where the tools' functions are and what the gateway accepts.
// FromEnvironment returns one; fields without a tag are constants there.
type Config struct {
	// FunctionURL is the address of a tool's function; {function} and
	// {namespace} are replaced.
	FunctionURL string `env:"FUNCTION_URL" envDefault:"http://{function}.{namespace}.svc.cluster.local/mcp"`
	// FunctionURLs holds the addresses of functions that live elsewhere, by
	// function name.
	FunctionURLs map[string]string `env:"FUNCTION_URLS" envKeyValSeparator:"="`
	// Namespace is the one that the gateway runs in.
	Namespace string `env:"POD_NAMESPACE" envDefault:"default"`
	// FunctionTimeout is how long a function may stay silent: until its
	// response begins, and between two events of a streamed one. It must
	// outlast a cold start.
	FunctionTimeout time.Duration `env:"FUNCTION_TIMEOUT" envDefault:"30s"`
	// MaxConcurrentCalls is how many calls of functions may be under way, at most
	// half of them of one principal; further ones are refused for the moment.
	MaxConcurrentCalls int `env:"MAX_CONCURRENT_CALLS" envDefault:"256"`
	// CallsPerMinute is how many tool calls a principal may make at one instance; 0
	// sets no limit, and neither does an identity that knows one principal only.
	CallsPerMinute int `env:"CALLS_PER_MINUTE" envDefault:"600"`
	// WakeFunctions starts functions before they are called: see waker.
	WakeFunctions bool `env:"WAKE_FUNCTIONS" envDefault:"true"`
	// Identity says whose tokens count. The functions check them again.
	Identity identity.Config

	// MaxBodyBytes bounds a request and MaxResponseBytes a function's response.
	MaxBodyBytes, MaxResponseBytes int64

	// ElicitationTimeout is how long a call of an older client may wait for the
	// person to answer one form. The form counts for longer: see pendingLifetime.
	ElicitationTimeout time.Duration `env:"ELICITATION_TIMEOUT" envDefault:"4m30s"`
	// ElicitationCallTimeout is how long such a call may stay open for all its
	// forms, and ElicitationRounds how many it may show.
	ElicitationCallTimeout time.Duration
	ElicitationRounds      int
	// ElicitationPollInterval is the longest interval between polls for a response
	// that another instance received.
	ElicitationPollInterval time.Duration
	// ElicitationKeepaliveInterval is the interval between messages that keep a waiting
	// client from giving up its call.
	ElicitationKeepaliveInterval time.Duration
	// MaxWaitingCalls is how many calls may wait for a person, at most half of them
	// of one principal; further ones get their questions as text.
	MaxWaitingCalls int
	// Postgres keeps pending elicitations; without a URL they end with the instance,
	// which takes only the responses to its own forms.
	Postgres postgres.Config

	// AllowedOrigins lists the web origins that may call: scheme://host[:port],
	// "loopback" for every port of this machine, "*" for all.
	AllowedOrigins []string `env:"ALLOWED_ORIGINS" envDefault:"loopback"`
	// AllowedHosts lists the names that a Host header may carry, with or
	// without a port; empty means any. A server on loopback needs it against
	// DNS rebinding.
	AllowedHosts []string `env:"ALLOWED_HOSTS"`
	// ServeMetrics adds /metrics to what is served, for a server that only its own
	// machine can reach. Elsewhere the route to the gateway is public, and metrics
	// have a port of their own: see function.Main.
	ServeMetrics bool

	// Startup, unless nil, is waited for before each call, where functions and database
	// start after the gateway. It returns nil once they can be called. Its error is for
	// the caller, and the next call waits for another start.
	Startup func(context.Context) error
	// StartupTimeout is how long a call waits for it, and StartupKeepaliveInterval the
	// interval between messages to its client meanwhile.
	StartupTimeout, StartupKeepaliveInterval time.Duration

	catalogue []byte
}

// FromEnvironment reads every setting and names each malformed one.
func FromEnvironment() (Config, error) {
	c := Config{
		MaxBodyBytes:                 jsonrpc.MaxBodyBytes,
		MaxResponseBytes:             maxResponse,
		ElicitationCallTimeout:       elicitationCallTimeout,
		ElicitationRounds:            elicitationRounds,
		ElicitationPollInterval:      pollInterval,
		ElicitationKeepaliveInterval: keepaliveInterval,
		MaxWaitingCalls:              maxWaiting,
		StartupTimeout:               startupTimeout,
		StartupKeepaliveInterval:     startupKeepaliveInterval,
		catalogue:                    embeddedCatalogue,
	}
	if err := settings.Parse(&c); err != nil {
		return Config{}, err
	}
	c.AllowedOrigins = trimAll(c.AllowedOrigins)
	if len(c.AllowedOrigins) == 0 {
		c.AllowedOrigins = []string{loopbackOrigins}
	}
	c.AllowedHosts = trimAll(c.AllowedHosts)
	addresses := make(map[string]string, len(c.FunctionURLs))
	for function, address := range c.FunctionURLs {
		addresses[strings.TrimSpace(function)] = strings.TrimSpace(address)
	}
	c.FunctionURLs = addresses
	return c, nil
}

// validate names every setting that is wrong.
func (c Config) validate() error {
	var errs []error
	if !strings.Contains(c.FunctionURL, functionPlaceholder) {
		errs = append(errs, fmt.Errorf("FUNCTION_URL %q does not contain %s", c.FunctionURL, functionPlaceholder))
	} else if _, err := c.functionURL("function"); err != nil {
		errs = append(errs, fmt.Errorf("FUNCTION_URL %w", err))
	}
	for name := range c.FunctionURLs {
		if _, err := c.functionURL(name); err != nil {
			errs = append(errs, fmt.Errorf("FUNCTION_URLS %w", err))
		}
	}
	if c.CallsPerMinute < 0 {
		errs = append(errs, errors.New("CALLS_PER_MINUTE must not be negative; 0 sets no limit"))
	}
	for name, value := range map[string]int64{
		"FUNCTION_TIMEOUT":     int64(c.FunctionTimeout),
		"MAX_CONCURRENT_CALLS": int64(c.MaxConcurrentCalls),
		"ELICITATION_TIMEOUT":  int64(c.ElicitationTimeout),
	} {
		if value <= 0 {
			errs = append(errs, fmt.Errorf("%s must be positive", name))
		}
	}
	for _, origin := range c.AllowedOrigins {
		if origin != anyOrigin && origin != loopbackOrigins && !isOrigin(origin) {
			errs = append(errs, fmt.Errorf("ALLOWED_ORIGINS %q is not scheme://host[:port], %q or %q", origin, loopbackOrigins, anyOrigin))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("gateway settings: %w", err)
	}
	return nil
}

// functionURL returns the address of the named function.
func (c Config) functionURL(function string) (*url.URL, error) {
	address, ok := c.FunctionURLs[function]
	if !ok {
		address = strings.NewReplacer(functionPlaceholder, function, namespacePlaceholder, c.Namespace).Replace(c.FunctionURL)
	}
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("of %s: %w", function, err)
	}
	if (parsed.Scheme != "http" && parsed.Scheme != "https") || parsed.Host == "" {
		return nil, fmt.Errorf("of %s: %q is not an http address", function, address)
	}
	return parsed, nil
}

// isOrigin reports whether a value is a web origin: scheme://host[:port].
func isOrigin(value string) bool {
	parsed, err := url.Parse(value)
	return err == nil && parsed.Scheme != "" && parsed.Host != "" && parsed.Path == "" && parsed.RawQuery == ""
}

// trimAll drops the blanks around values, and empty ones.
func trimAll(values []string) []string {
	kept := make([]string, 0, len(values))
	for _, value := range values {
		if value = strings.TrimSpace(value); value != "" {
			kept = append(kept, value)
		}
	}
	return slices.Clip(kept)
}
