package gateway

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/sequential-questioning/sequential-questioning/shared/identity"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
)

const (
	functionPlaceholder  = "{function}"
	namespacePlaceholder = "{namespace}"
	anyOrigin            = "*"
	loopbackOrigins      = "loopback"
)

// Config says where the tools' functions are and what the gateway accepts. A
// field left zero takes the default named in its tag.
type Config struct {
	// FunctionURL is the address of a tool's function; {function} and
	// {namespace} are replaced.
	FunctionURL string `env:"FUNCTION_URL" envDefault:"http://{function}.{namespace}.svc.cluster.local/mcp"`
	// FunctionURLs holds the addresses of functions that live elsewhere, by
	// function name.
	FunctionURLs map[string]string `env:"FUNCTION_URLS" envKeyValSeparator:"="`
	Namespace    string            `env:"POD_NAMESPACE" envDefault:"default"`
	// FunctionTimeout is how long a function may stay silent: until its
	// response begins, and between two events of a streamed one. It must
	// outlast a cold start.
	FunctionTimeout time.Duration `env:"FUNCTION_TIMEOUT" envDefault:"30s"`
	// Identity says whose tokens count. The functions check them again.
	Identity identity.Config

	MaxBodyBytes     int64 `env:"MAX_BODY_BYTES" envDefault:"1048576"`
	MaxResponseBytes int64 `env:"MAX_RESPONSE_BYTES" envDefault:"8388608"`
	// MaxConcurrentCalls is how many calls of functions may be under way, at most
	// half of them of one principal; further ones are refused for the moment.
	MaxConcurrentCalls int `env:"MAX_CONCURRENT_CALLS" envDefault:"256"`

	// ElicitationTimeout is how long a call of an older client may wait for the
	// person to answer one form. The form counts for longer: see pendingLifetime.
	ElicitationTimeout time.Duration `env:"ELICITATION_TIMEOUT" envDefault:"4m30s"`
	// ElicitationCallTimeout is how long such a call may stay open for all its forms. It has
	// to end before the route's own limit on a request, which is 300 s in Knative.
	ElicitationCallTimeout time.Duration `env:"ELICITATION_CALL_TIMEOUT" envDefault:"4m40s"`
	// ElicitationRounds is how many forms one such call may show.
	ElicitationRounds int `env:"ELICITATION_ROUNDS" envDefault:"10"`
	// ElicitationPollInterval is the longest interval between polls for a response
	// that another instance received.
	ElicitationPollInterval time.Duration `env:"ELICITATION_POLL_INTERVAL" envDefault:"1s"`
	// ElicitationKeepaliveInterval is the interval at which a waiting client is told
	// that its call is alive.
	ElicitationKeepaliveInterval time.Duration `env:"ELICITATION_KEEPALIVE_INTERVAL" envDefault:"15s"`
	// MaxWaitingCalls is how many calls may wait for a person, at most half of them
	// of one principal; further ones get their questions as text.
	MaxWaitingCalls int `env:"MAX_WAITING_CALLS" envDefault:"200"`
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

	catalogue []byte
}

// configFromEnvironment reads every setting and names each malformed one.
func configFromEnvironment() (Config, error) {
	config, err := env.ParseAs[Config]()
	if err != nil {
		return Config{}, fmt.Errorf("gateway settings: %w", err)
	}
	return config.withDefaults()
}

func (c Config) withDefaults() (Config, error) {
	defaults, err := env.ParseAsWithOptions[Config](env.Options{Environment: map[string]string{}})
	if err != nil {
		return Config{}, fmt.Errorf("gateway defaults: %w", err)
	}
	orDefault(&c.FunctionURL, defaults.FunctionURL)
	orDefault(&c.Namespace, defaults.Namespace)
	orDefault(&c.FunctionTimeout, defaults.FunctionTimeout)
	orDefault(&c.Identity.Timeout, defaults.Identity.Timeout)
	orDefault(&c.MaxBodyBytes, defaults.MaxBodyBytes)
	orDefault(&c.MaxResponseBytes, defaults.MaxResponseBytes)
	orDefault(&c.MaxConcurrentCalls, defaults.MaxConcurrentCalls)
	orDefault(&c.ElicitationTimeout, defaults.ElicitationTimeout)
	orDefault(&c.ElicitationRounds, defaults.ElicitationRounds)
	orDefault(&c.ElicitationCallTimeout, defaults.ElicitationCallTimeout)
	orDefault(&c.ElicitationPollInterval, defaults.ElicitationPollInterval)
	orDefault(&c.ElicitationKeepaliveInterval, defaults.ElicitationKeepaliveInterval)
	orDefault(&c.MaxWaitingCalls, defaults.MaxWaitingCalls)
	defaults.Postgres.URL = c.Postgres.URL
	if c.Postgres == (postgres.Config{URL: c.Postgres.URL}) {
		c.Postgres = defaults.Postgres
	}
	c.AllowedOrigins = trimmed(c.AllowedOrigins)
	c.AllowedHosts = trimmed(c.AllowedHosts)
	addresses := make(map[string]string, len(c.FunctionURLs))
	for function, address := range c.FunctionURLs {
		addresses[strings.TrimSpace(function)] = strings.TrimSpace(address)
	}
	c.FunctionURLs = addresses
	if len(c.AllowedOrigins) == 0 {
		c.AllowedOrigins = defaults.AllowedOrigins
	}
	if c.catalogue == nil {
		c.catalogue = embeddedCatalogue
	}
	if err := c.validate(); err != nil {
		return Config{}, fmt.Errorf("gateway settings: %w", err)
	}
	return c, nil
}

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
	for _, setting := range []struct {
		name  string
		value int64
	}{
		{"FUNCTION_TIMEOUT", int64(c.FunctionTimeout)},
		{"MAX_BODY_BYTES", c.MaxBodyBytes},
		{"MAX_RESPONSE_BYTES", c.MaxResponseBytes},
		{"MAX_CONCURRENT_CALLS", int64(c.MaxConcurrentCalls)},
		{"ELICITATION_TIMEOUT", int64(c.ElicitationTimeout)},
		{"ELICITATION_ROUNDS", int64(c.ElicitationRounds)},
		{"ELICITATION_CALL_TIMEOUT", int64(c.ElicitationCallTimeout)},
		{"ELICITATION_POLL_INTERVAL", int64(c.ElicitationPollInterval)},
		{"ELICITATION_KEEPALIVE_INTERVAL", int64(c.ElicitationKeepaliveInterval)},
		{"MAX_WAITING_CALLS", int64(c.MaxWaitingCalls)},
	} {
		if setting.value < 0 {
			errs = append(errs, fmt.Errorf("%s must be positive", setting.name))
		}
	}
	for _, origin := range c.AllowedOrigins {
		if origin != anyOrigin && origin != loopbackOrigins && !isOrigin(origin) {
			errs = append(errs, fmt.Errorf("ALLOWED_ORIGINS %q is not scheme://host[:port], %q or %q", origin, loopbackOrigins, anyOrigin))
		}
	}
	return errors.Join(errs...)
}

// functionURL is the address of the named function.
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

func isOrigin(value string) bool {
	parsed, err := url.Parse(value)
	return err == nil && parsed.Scheme != "" && parsed.Host != "" && parsed.Path == "" && parsed.RawQuery == ""
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func trimmed(values []string) []string {
	kept := make([]string, 0, len(values))
	for _, value := range values {
		if value = strings.TrimSpace(value); value != "" {
			kept = append(kept, value)
		}
	}
	return slices.Clip(kept)
}
