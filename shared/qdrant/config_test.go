package qdrant

import (
	"testing"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAFieldLeftOutHasTheDefaultOfTheEnvironment(t *testing.T) {
	var parsed Config
	require.NoError(t, env.ParseWithOptions(&parsed, env.Options{Environment: map[string]string{}}))
	parsed.Timeout = DefaultTimeout
	completed, err := Config{}.withDefaults()
	require.NoError(t, err)
	assert.Equal(t, parsed, completed)
}

func TestOnlyTheCallerReadsTheEnvironment(t *testing.T) {
	t.Setenv("QDRANT_URL", "http://elsewhere")
	t.Setenv("QDRANT_REPLICATION_FACTOR", "two")
	completed, err := Config{URL: "http://here", Timeout: time.Second, Prefix: "mine"}.withDefaults()
	require.NoError(t, err)
	assert.Equal(t, "http://here", completed.URL)
	assert.Equal(t, time.Second, completed.Timeout)
	assert.Equal(t, "mine", completed.Prefix)
	assert.EqualValues(t, 1, completed.ReplicationFactor)
}

func TestAnAddressIsReadFromTheURL(t *testing.T) {
	for url, want := range map[string]address{
		"http://localhost":             {"localhost", 6334, false},
		"https://qdrant.example:443/":  {"qdrant.example", 443, true},
		"http://[::1]:7000":            {"[::1]", 7000, false},
		"http://qdrant.prod.svc:6334/": {"qdrant.prod.svc", 6334, false},
	} {
		have, err := Config{URL: url}.address()
		require.NoError(t, err)
		assert.Equal(t, want, have)
	}
}
