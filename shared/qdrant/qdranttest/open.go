// Package qdranttest gives tests an embedded Qdrant.
package qdranttest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/embedded"
)

// timeout suits a busy machine; it says nothing about how fast Qdrant is.
const timeout = 5 * time.Second

// Open returns a client of a new embedded Qdrant, both closed when the
// test ends.
func Open(t testing.TB) *qdrant.Client {
	t.Helper()
	return OpenURL(t, URL(t))
}

// URL starts an embedded Qdrant, closed when the test ends.
func URL(t testing.TB) string {
	t.Helper()
	server, err := embedded.Start(embedded.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	return server.URL()
}

// OpenURL returns a client of the Qdrant there, closed when the test ends.
func OpenURL(t testing.TB, url string) *qdrant.Client {
	t.Helper()
	client, err := qdrant.Open(qdrant.Config{URL: url, Timeout: timeout})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return client
}
