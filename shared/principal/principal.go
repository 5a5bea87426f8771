// Package principal carries who a call is made for.
package principal

import "context"

// Local is the one principal of a server without an identity provider.
const Local = "local"

type key struct{}

// With returns a context for a principal.
func With(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, key{}, id)
}

// From returns the context's principal, Local when it has none.
func From(ctx context.Context) string {
	if id, ok := ctx.Value(key{}).(string); ok && id != "" {
		return id
	}
	return Local
}
