package model

import (
	"cmp"
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

	// EmbeddingName turns Embed on. EmbeddingDimensions is the length of its
	// vectors: a collection is created with it before the first vector is there.
	EmbeddingName       string `env:"MODEL_EMBEDDING_NAME"`
	EmbeddingDimensions int    `env:"MODEL_EMBEDDING_DIMENSIONS"`
	// EmbeddingBaseURL and EmbeddingAPIKey default to BaseURL and APIKey: not every
	// provider of a chat model has one that embeds. Another address needs another
	// key, since a key is sent only to the address for which it was given.
	EmbeddingBaseURL string `env:"MODEL_EMBEDDING_BASE_URL"`
	EmbeddingAPIKey  string `env:"MODEL_EMBEDDING_API_KEY"`

	// Limits has no settings. What is zero in it is that of DefaultLimits.
	Limits Limits
}

// Limits bounds what a client sends, reads and repeats.
type Limits struct {
	// Attempts counts the first one. RetryPause is about how long to wait for
	// the second, and doubles; a server's Retry-After wins.
	Attempts   int
	RetryPause time.Duration
	// Concurrent bounds the operations of this process at a time; more wait.
	Concurrent int
	// InputBytes bounds what is sent of people's words in one operation, and of
	// each text to embed. What a person said last is kept longest, and half of
	// the room is theirs.
	InputBytes int
	// ResponseBytes bounds an answer, apart from the vectors in it.
	ResponseBytes int
	// Batch is how many texts one request embeds.
	Batch int
	// After BreakerFailures failed operations of a kind in a row, that kind is
	// not tried for BreakerPause; then one tries.
	BreakerFailures int
	BreakerPause    time.Duration
}

// DefaultLimits are those of production.
var DefaultLimits = Limits{
	Attempts:        2, // MODEL_TIMEOUT leaves time for little more
	RetryPause:      200 * time.Millisecond,
	Concurrent:      8,        // a function's instance answers few calls at a time, and providers limit rates
	InputBytes:      16 << 10, // about 4,000 tokens: a long conversation, a cheap request
	ResponseBytes:   1 << 20,  // some hundred times an answer of maxOutputTokens
	Batch:           64,       // what every known endpoint takes; rebuilding memory is the only large batch
	BreakerFailures: 5,
	BreakerPause:    30 * time.Second, // a call meanwhile saves its MODEL_TIMEOUT
}

const (
	// maxOutputTokens bounds one answer: 18 slots with all names take about 1,200.
	maxOutputTokens = 1500
	// maxDimensions is Qdrant's bound on a vector.
	maxDimensions = 65536
	// numberBytes is more than a number of a vector takes in JSON (about 22 bytes).
	numberBytes = 32
)

// resolve returns the configuration with its defaults worked out and checked,
// and whether it asks for a model at all.
func (c Config) resolve() (Config, bool, error) {
	for _, text := range []*string{&c.BaseURL, &c.Name, &c.APIKey, &c.EmbeddingName, &c.EmbeddingBaseURL, &c.EmbeddingAPIKey} {
		*text = strings.TrimSpace(*text) // a key from a file ends in a newline
	}
	c.Limits = c.Limits.orDefault()
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
	return c, true, c.check()
}

func (l Limits) orDefault() Limits {
	return Limits{
		Attempts:        cmp.Or(l.Attempts, DefaultLimits.Attempts),
		RetryPause:      cmp.Or(l.RetryPause, DefaultLimits.RetryPause),
		Concurrent:      cmp.Or(l.Concurrent, DefaultLimits.Concurrent),
		InputBytes:      cmp.Or(l.InputBytes, DefaultLimits.InputBytes),
		ResponseBytes:   cmp.Or(l.ResponseBytes, DefaultLimits.ResponseBytes),
		Batch:           cmp.Or(l.Batch, DefaultLimits.Batch),
		BreakerFailures: cmp.Or(l.BreakerFailures, DefaultLimits.BreakerFailures),
		BreakerPause:    cmp.Or(l.BreakerPause, DefaultLimits.BreakerPause),
	}
}

// complete checks that settings that need each other come together.
func (c Config) complete() error {
	for _, setting := range []struct {
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
		if setting.given && !setting.present {
			return fmt.Errorf("%s needs %s beside it", setting.name, setting.missing)
		}
	}
	return nil
}

// check checks each setting by itself.
func (c Config) check() error {
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
	if c.EmbeddingDimensions < 0 || c.EmbeddingDimensions > maxDimensions {
		return fmt.Errorf("MODEL_EMBEDDING_DIMENSIONS is %d, and has to be between 1 and %d", c.EmbeddingDimensions, maxDimensions)
	}
	if c.Timeout <= 0 {
		return fmt.Errorf("MODEL_TIMEOUT is %s, and has to be above zero", c.Timeout)
	}
	return nil
}

// plainAddress reports whether an address is one to which paths can be appended.
// One with credentials would put them into logs.
func plainAddress(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" &&
		u.User == nil && u.RawQuery == "" && u.Fragment == ""
}
