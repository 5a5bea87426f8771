// Package eventing gives what works on events the shape of a Knative function.
package eventing

import (
	"fmt"
	"net/http"

	"github.com/caarlos0/env/v11"

	"github.com/sequential-questioning/sequential-questioning/shared/function"
)

// Backend does the work.
type Backend interface {
	http.Handler
	function.Backend
}

// Config is what every function on the eventing side reads from its environment.
type Config struct {
	MaxBodyBytes int64 `env:"MAX_BODY_BYTES" envDefault:"1048576"`
}

// New returns the function name with the backend that open returns.
func New(name string, open func() (Backend, error)) *function.Function {
	return function.Serve(name, func() (http.Handler, function.Backend, error) {
		var config Config
		if err := env.Parse(&config); err != nil {
			return nil, nil, fmt.Errorf("read configuration: %w", err)
		}
		backend, err := open()
		if err != nil {
			return nil, nil, fmt.Errorf("open %s: %w", name, err)
		}
		return bounded(config.MaxBodyBytes, function.UnlimitedWrite(backend)), backend, nil
	})
}

// bounded takes POST with a body that is not too long.
func bounded(limit int64, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "use POST", http.StatusMethodNotAllowed)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		next.ServeHTTP(w, r)
	})
}
