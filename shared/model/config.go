package model

import (
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Config says which model to use, from the environment. With no address and no
// name there is none.
type Config struct {
	// BaseURL is the endpoint's address up to its version: https://host/v1. The
	// model behind it is called Name. Either is useless without the other, but
	// an address alone may serve EmbeddingName.
	BaseURL string `env:"MODEL_BASE_URL"`
	Name    string `env:"MODEL_NAME"`
	APIKey  string `env:"MODEL_API_KEY"` // optional

	// Timeout bounds an operation from its start to its end, waiting and
	// repeated attempts included.
	Timeout time.Duration `env:"MODEL_TIMEOUT" envDefault:"3s"`
	// MaxAttempts counts the first one. RetryPause is about how long to wait for
	// the second, and doubles; a server's Retry-After wins.
	MaxAttempts int           `env:"MODEL_MAX_ATTEMPTS" envDefault:"2"`
	RetryPause  time.Duration `env:"MODEL_RETRY_PAUSE" envDefault:"200ms"`
	// MaxConcurrent bounds the operations of this process at a time; more wait.
	MaxConcurrent int `env:"MODEL_MAX_CONCURRENT" envDefault:"8"`

	// MaxInputBytes bounds what is sent of people's words in one operation, and
	// of each text to embed. What a person said last is kept longest, and half of
	// the room is theirs.
	MaxInputBytes    int `env:"MODEL_MAX_INPUT_BYTES" envDefault:"16384"`
	MaxOutputTokens  int `env:"MODEL_MAX_TOKENS" envDefault:"1500"`
	MaxResponseBytes int `env:"MODEL_MAX_RESPONSE_BYTES" envDefault:"1048576"`

	// EmbeddingName turns Embed on. EmbeddingDimensions is the length of its
	// vectors; EmbeddingShorten asks the endpoint to shorten them to that.
	EmbeddingName       string `env:"MODEL_EMBEDDING_NAME"`
	EmbeddingDimensions int    `env:"MODEL_EMBEDDING_DIMENSIONS"`
	EmbeddingShorten    bool   `env:"MODEL_EMBEDDING_SHORTEN"`
	EmbeddingBatch      int    `env:"MODEL_EMBEDDING_BATCH" envDefault:"64"` // texts in one request
	// EmbeddingBaseURL and EmbeddingAPIKey default to BaseURL and APIKey. An
	// address of its own needs a key of its own: none is sent to a place that it
	// was not given for.
	EmbeddingBaseURL string `env:"MODEL_EMBEDDING_BASE_URL"`
	EmbeddingAPIKey  string `env:"MODEL_EMBEDDING_API_KEY"`

	// After BreakerFailures failed operations of a kind in a row, that kind is
	// left alone for BreakerPause; then one tries.
	BreakerFailures int           `env:"MODEL_BREAKER_FAILURES" envDefault:"5"`
	BreakerPause    time.Duration `env:"MODEL_BREAKER_PAUSE" envDefault:"30s"`
}

// maxDimensions is Qdrant's bound on a vector.
const maxDimensions = 65536

// settled returns the configuration with its defaults worked out and checked,
// and whether it asks for a model at all.
func (c Config) settled() (Config, bool, error) {
	for _, text := range []*string{&c.BaseURL, &c.Name, &c.APIKey, &c.EmbeddingName, &c.EmbeddingBaseURL, &c.EmbeddingAPIKey} {
		*text = strings.TrimSpace(*text) // a key from a file ends in a newline
	}
	if err := c.complete(); err != nil {
		return c, false, err
	}
	if c.Name == "" && c.EmbeddingName == "" {
		return c, false, nil
	}
	if c.EmbeddingBaseURL == "" || c.EmbeddingBaseURL == c.BaseURL {
		c.EmbeddingBaseURL = c.BaseURL
		if c.EmbeddingAPIKey == "" {
			c.EmbeddingAPIKey = c.APIKey
		}
	}
	return c, true, c.bounded()
}

// complete checks that settings that need each other come together.
func (c Config) complete() error {
	for _, need := range []struct {
		given   bool
		name    string
		present bool
		missing string
	}{
		{c.BaseURL != "", "MODEL_BASE_URL", c.Name != "" || c.EmbeddingName != "", "MODEL_NAME"},
		{c.Name != "", "MODEL_NAME", c.BaseURL != "", "MODEL_BASE_URL"},
		{c.APIKey != "", "MODEL_API_KEY", c.BaseURL != "", "MODEL_BASE_URL"},
		{c.EmbeddingName != "", "MODEL_EMBEDDING_NAME", c.BaseURL != "" || c.EmbeddingBaseURL != "", "MODEL_EMBEDDING_BASE_URL or MODEL_BASE_URL"},
		{c.EmbeddingName != "", "MODEL_EMBEDDING_NAME", c.EmbeddingDimensions != 0, "MODEL_EMBEDDING_DIMENSIONS"},
		{c.EmbeddingDimensions != 0, "MODEL_EMBEDDING_DIMENSIONS", c.EmbeddingName != "", "MODEL_EMBEDDING_NAME"},
		{c.EmbeddingBaseURL != "", "MODEL_EMBEDDING_BASE_URL", c.EmbeddingName != "", "MODEL_EMBEDDING_NAME"},
		{c.EmbeddingAPIKey != "", "MODEL_EMBEDDING_API_KEY", c.EmbeddingName != "", "MODEL_EMBEDDING_NAME"},
	} {
		if need.given && !need.present {
			return fmt.Errorf("%s needs %s beside it", need.name, need.missing)
		}
	}
	return nil
}

func (c Config) bounded() error {
	for _, address := range []struct{ name, value string }{
		{"MODEL_BASE_URL", c.BaseURL}, {"MODEL_EMBEDDING_BASE_URL", c.EmbeddingBaseURL},
	} {
		if address.value != "" && !plainAddress(address.value) {
			// The value stays out of the message: it may hold a password.
			return fmt.Errorf("%s is not a plain http address, such as https://host/v1", address.name)
		}
	}
	for _, key := range []struct{ name, value string }{
		{"MODEL_API_KEY", c.APIKey}, {"MODEL_EMBEDDING_API_KEY", c.EmbeddingAPIKey},
	} {
		if strings.ContainsFunc(key.value, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			return fmt.Errorf("%s holds a character that cannot be in a header", key.name)
		}
	}
	for _, number := range []struct {
		name            string
		value, min, max int
	}{
		{"MODEL_MAX_ATTEMPTS", c.MaxAttempts, 1, 10},
		{"MODEL_MAX_CONCURRENT", c.MaxConcurrent, 1, 1000},
		{"MODEL_MAX_INPUT_BYTES", c.MaxInputBytes, 256, 1 << 20},
		{"MODEL_MAX_TOKENS", c.MaxOutputTokens, 16, 100_000},
		{"MODEL_MAX_RESPONSE_BYTES", c.MaxResponseBytes, 1024, 64 << 20},
		{"MODEL_EMBEDDING_DIMENSIONS", c.EmbeddingDimensions, 0, maxDimensions},
		{"MODEL_EMBEDDING_BATCH", c.EmbeddingBatch, 1, 2048},
		{"MODEL_BREAKER_FAILURES", c.BreakerFailures, 1, 1000},
	} {
		if number.value < number.min || number.value > number.max {
			return fmt.Errorf("%s is %d, and has to be between %d and %d", number.name, number.value, number.min, number.max)
		}
	}
	for _, duration := range []struct {
		name  string
		value time.Duration
	}{
		{"MODEL_TIMEOUT", c.Timeout}, {"MODEL_RETRY_PAUSE", c.RetryPause}, {"MODEL_BREAKER_PAUSE", c.BreakerPause},
	} {
		if duration.value <= 0 {
			return fmt.Errorf("%s is %s, and has to be above zero", duration.name, duration.value)
		}
	}
	return nil
}

func plainAddress(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" &&
		u.User == nil && u.RawQuery == "" && u.Fragment == ""
}
