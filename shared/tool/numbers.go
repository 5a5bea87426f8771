package tool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/schema/bounds"
)

// nameNumbers makes the tool name an argument that is a number beyond float64. The
// MCP server decodes the arguments before any tool sees them, and fails on 1e400 with
// an error about Go types. The call is passed on without its arguments, and handle
// returns the error kept in the context. The body of a request is bounded by now.
func nameNumbers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "the request broke off", http.StatusBadRequest)
			return
		}
		if !numbersFit(body) {
			if without, invalid := withoutArguments(body); invalid != nil {
				body = without
				r = r.WithContext(context.WithValue(r.Context(), unfitKey{}, invalid))
				r.ContentLength = int64(len(body))
			}
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

type unfitKey struct{}

// unfitArguments is what is wrong with arguments that were left out of a request.
func unfitArguments(ctx context.Context) error {
	if invalid, ok := ctx.Value(unfitKey{}).(*fault.Invalid); ok {
		return invalid
	}
	return nil
}

// numbersFit reports whether every number of a JSON text can be held. It does not
// decode the text, which nearly always can be. It skips strings, where digits are
// text. In text that is not JSON it may find numbers that are none;
// withoutArguments decides.
func numbersFit(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '"':
			for i++; i < len(raw) && raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
		case c == '-' || c >= '0' && c <= '9':
			end := i
			for end < len(raw) && bytes.IndexByte([]byte("+-.eE0123456789"), raw[end]) >= 0 {
				end++
			}
			if bounds.Number(json.Number(raw[i:end])) != nil {
				return false
			}
			i = end - 1
		}
	}
	return true
}

// withoutArguments takes the arguments out of a call when one of them is a number
// that cannot be held, and says which. Both are nil for anything else, which the
// MCP server answers by itself.
func withoutArguments(body []byte) ([]byte, *fault.Invalid) {
	var request, params map[string]json.RawMessage
	if json.Unmarshal(body, &request) != nil || json.Unmarshal(request["params"], &params) != nil {
		return nil, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(params["arguments"]))
	decoder.UseNumber()
	var arguments any
	if decoder.Decode(&arguments) != nil {
		return nil, nil
	}
	var invalid *fault.Invalid
	if !errors.As(storable(nil, arguments), &invalid) {
		return nil, nil
	}
	params["arguments"] = json.RawMessage("{}")
	var err error
	if request["params"], err = json.Marshal(params); err != nil {
		return nil, nil
	}
	if body, err = json.Marshal(request); err != nil {
		return nil, nil
	}
	return body, invalid
}
