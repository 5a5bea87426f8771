package qdrant_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/embedded"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/qdranttest"
)

func TestWithoutAURLThereIsNoQdrant(t *testing.T) {
	_, err := qdrant.Open(qdrant.Config{Timeout: -1})
	assert.ErrorIs(t, err, qdrant.ErrNotConfigured)
}

func TestAWrongSettingIsToldAtOnce(t *testing.T) {
	for _, c := range []struct {
		setting string
		config  qdrant.Config
	}{
		{"QDRANT_URL", qdrant.Config{URL: "localhost:6334"}},
		{"QDRANT_URL", qdrant.Config{URL: "ftp://localhost"}},
		{"QDRANT_URL", qdrant.Config{URL: "http://:6334"}},
		{"QDRANT_URL", qdrant.Config{URL: "http://localhost:0"}},
		{"QDRANT_URL", qdrant.Config{URL: "http://localhost:6334/collections"}},
		{"QDRANT_URL", qdrant.Config{URL: "http://local\x7fhost"}},
		{"QDRANT_API_KEY", qdrant.Config{URL: "http://user:secret@localhost"}},
		{"timeout", qdrant.Config{URL: "http://localhost", Timeout: -time.Second}},
		{"timeout", qdrant.Config{URL: "http://localhost", Timeout: time.Hour}},
		{"QDRANT_COLLECTION_PREFIX", qdrant.Config{URL: "http://localhost", Prefix: "a/b"}},
		{"QDRANT_REPLICATION_FACTOR", qdrant.Config{URL: "http://localhost", ReplicationFactor: 17}},
	} {
		_, err := qdrant.Open(c.config)
		if assert.ErrorContains(t, err, c.setting, "%+v", c.config) {
			assert.NotContains(t, err.Error(), "secret")
		}
	}
}

func TestOpenConnectsToNothing(t *testing.T) {
	client, err := qdrant.Open(qdrant.Config{URL: "http://127.0.0.1:1"})
	require.NoError(t, err)
	assert.NoError(t, client.Close())
}

func TestOneWithoutAnswerIsUnavailable(t *testing.T) {
	client, err := qdrant.Open(qdrant.Config{URL: "http://127.0.0.1:1"})
	require.NoError(t, err)
	defer client.Close()
	assertUnavailable(t, client)
}

func TestASlowOneIsUnavailableInTime(t *testing.T) {
	listener := stalled(t)
	client, err := qdrant.Open(qdrant.Config{URL: "http://" + listener.Addr().String(), Timeout: 50 * time.Millisecond})
	require.NoError(t, err)
	defer client.Close()
	began := time.Now()
	assert.ErrorIs(t, client.Ready(t.Context()), qdrant.ErrUnavailable)
	assert.Less(t, time.Since(began), time.Second)
	assertUnavailable(t, client)
}

// assertUnavailable calls everything that asks the server.
func assertUnavailable(t *testing.T, client *qdrant.Client) {
	t.Helper()
	id := "00000000-0000-0000-0000-000000000001"
	filter := qdrant.Filter{Must: map[string]string{"user": "a"}}
	vector := map[string]qdrant.Sparse{"words": {Indices: []uint32{1}, Values: []float32{1}}}
	for name, call := range map[string]func() error{
		"Ready": func() error { return client.Ready(t.Context()) },
		"Ensure": func() error {
			return client.Ensure(t.Context(), qdrant.Collection{Name: "c", Sparse: []string{"words"}})
		},
		"Upsert": func() error { return client.Upsert(t.Context(), "c", []qdrant.Point{{ID: id, Sparse: vector}}) },
		"Search": func() error {
			_, err := client.Search(t.Context(), "c", qdrant.Query{Sparse: vector, Limit: 1})
			return err
		},
		"Scroll": func() error { _, err := client.Scroll(t.Context(), "c", filter, 1); return err },
		"Delete": func() error { return client.Delete(t.Context(), "c", filter) },
		"Drop":   func() error { return client.Drop(t.Context(), "c") },
	} {
		assert.ErrorIs(t, call(), qdrant.ErrUnavailable, name)
	}
}

// stalled takes connections and never says a word.
func stalled(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	return listener
}

func TestARestartedOneIsFoundAgain(t *testing.T) {
	first, err := embedded.Start(embedded.Options{})
	require.NoError(t, err)
	client := qdranttest.OpenURL(t, first.URL())
	require.NoError(t, client.Ready(t.Context()))
	require.NoError(t, first.Close())
	require.ErrorIs(t, client.Ready(t.Context()), qdrant.ErrUnavailable)

	time.Sleep(2 * time.Second) // long enough for an unbounded wait to grow
	second, err := embedded.Start(embedded.Options{Address: first.URL()[len("http://"):]})
	require.NoError(t, err)
	defer second.Close()
	require.Eventually(t, func() bool { return client.Ready(t.Context()) == nil }, 3*time.Second, 20*time.Millisecond)
}

func TestAWrongKeyIsToldAndIsNotAwayOrSlow(t *testing.T) {
	server, err := embedded.Start(embedded.Options{APIKey: "right"})
	require.NoError(t, err)
	defer server.Close()
	for key, works := range map[string]bool{"right": true, "wrong": false, "": false} {
		client, err := qdrant.Open(qdrant.Config{URL: server.URL(), APIKey: key, Timeout: 5 * time.Second})
		require.NoError(t, err)
		defer client.Close()
		err = client.Ready(t.Context())
		if works {
			assert.NoError(t, err)
			continue
		}
		assert.ErrorContains(t, err, "API key")
		assert.NotErrorIs(t, err, qdrant.ErrUnavailable)
	}
}

func TestHTTPSMeansTLS(t *testing.T) {
	listener := stalled(t)
	first := make(chan byte, 1)
	go func() {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		defer connection.Close()
		hello := make([]byte, 1)
		_, _ = connection.Read(hello)
		first <- hello[0]
	}()
	client, err := qdrant.Open(qdrant.Config{URL: "https://" + listener.Addr().String(), Timeout: 200 * time.Millisecond})
	require.NoError(t, err)
	defer client.Close()
	require.ErrorIs(t, client.Ready(t.Context()), qdrant.ErrUnavailable)
	const handshake = 0x16
	assert.EqualValues(t, handshake, <-first)
}

func TestOneWhoGivesUpIsNotToldThatQdrantIsAway(t *testing.T) {
	client, err := qdrant.Open(qdrant.Config{URL: "http://" + stalled(t).Addr().String()})
	require.NoError(t, err)
	defer client.Close()
	done, cancel := context.WithCancel(t.Context())
	cancel()
	assert.NotErrorIs(t, client.Ready(done), qdrant.ErrUnavailable)
}
