package model_test

import (
	"maps"
	"testing"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/model"
)

// settings are pairs of environment variables.
type settings map[string]string

func configured(t *testing.T, given settings) model.Config {
	t.Helper()
	config, err := env.ParseAsWithOptions[model.Config](env.Options{Environment: given})
	require.NoError(t, err)
	return config
}

// asking returns a client for a server, with a time limit that only a server
// that does not answer reaches.
func asking(t *testing.T, url string, more ...settings) *model.Client {
	t.Helper()
	return askingWithin(t, url, model.Limits{}, more...)
}

// askingWithin is asking with limits of its own.
func askingWithin(t *testing.T, url string, limits model.Limits, more ...settings) *model.Client {
	t.Helper()
	given := settings{"MODEL_BASE_URL": url, "MODEL_NAME": "tester", "MODEL_TIMEOUT": "20s"}
	for _, m := range more {
		maps.Copy(given, m)
	}
	config := configured(t, given)
	config.Limits = limits
	config.Limits.RetryPause = time.Millisecond
	client, err := model.Open(config)
	require.NoError(t, err)
	require.NotNil(t, client)
	return client
}

func TestWithoutSettingsThereIsNoModel(t *testing.T) {
	client, err := model.Open(configured(t, settings{}))
	require.NoError(t, err)
	require.Nil(t, client)

	_, err = client.ProposeSlots(t.Context(), "a trip", nil)
	assert.ErrorIs(t, err, model.ErrNotConfigured)
	_, err = client.Rephrase(t.Context(), model.Wording{Questions: []string{"Where?"}})
	assert.ErrorIs(t, err, model.ErrNotConfigured)
	_, err = client.Embed(t.Context(), []string{"words"})
	assert.ErrorIs(t, err, model.ErrNotConfigured)
	assert.False(t, client.Asks())
	assert.False(t, client.Embeds())
	assert.Zero(t, client.Dimensions())
}

func TestAModelMayOnlyAskOrOnlyEmbed(t *testing.T) {
	asks := asking(t, "https://host/v1")
	assert.True(t, asks.Asks())
	_, err := asks.Embed(t.Context(), []string{"words"})
	assert.ErrorIs(t, err, model.ErrNotConfigured)

	embeds, err := model.Open(configured(t, settings{
		"MODEL_EMBEDDING_BASE_URL": "https://host/v1", "MODEL_EMBEDDING_NAME": "e", "MODEL_EMBEDDING_DIMENSIONS": "3"}))
	require.NoError(t, err)
	assert.True(t, embeds.Embeds())
	assert.Equal(t, 3, embeds.Dimensions())
	_, err = embeds.ProposeSlots(t.Context(), "a trip", nil)
	assert.ErrorIs(t, err, model.ErrNotConfigured)
}

func TestAWrongSettingIsToldAtOnce(t *testing.T) {
	for name, given := range map[string]settings{
		"MODEL_NAME":                  {"MODEL_BASE_URL": "https://host/v1"},
		"MODEL_BASE_URL":              {"MODEL_NAME": "m"},
		"MODEL_API_KEY needs":         {"MODEL_API_KEY": "sesame"},
		"MODEL_BASE_URL is not":       {"MODEL_NAME": "m", "MODEL_BASE_URL": "https://someone:sesame@host/v1"},
		"MODEL_BASE_URL is not a":     {"MODEL_NAME": "m", "MODEL_BASE_URL": "host:8000/v1"},
		"MODEL_BASE_URL is not a p":   {"MODEL_NAME": "m", "MODEL_BASE_URL": "https://host/v1?key=sesame"},
		"MODEL_API_KEY holds":         {"MODEL_NAME": "m", "MODEL_BASE_URL": "https://host/v1", "MODEL_API_KEY": "ses\name"},
		"MODEL_TIMEOUT":               {"MODEL_NAME": "m", "MODEL_BASE_URL": "https://host/v1", "MODEL_TIMEOUT": "0s"},
		"MODEL_EMBEDDING_DIMENSIONS":  {"MODEL_BASE_URL": "https://host/v1", "MODEL_EMBEDDING_NAME": "e"},
		"DIMENSIONS is -3":            {"MODEL_BASE_URL": "https://host/v1", "MODEL_EMBEDDING_NAME": "e", "MODEL_EMBEDDING_DIMENSIONS": "-3"},
		"MODEL_EMBEDDING_BASE_URL or": {"MODEL_EMBEDDING_NAME": "e", "MODEL_EMBEDDING_DIMENSIONS": "3"},
		"MODEL_EMBEDDING_NAME":        {"MODEL_NAME": "m", "MODEL_BASE_URL": "https://host/v1", "MODEL_EMBEDDING_DIMENSIONS": "3"},
	} {
		client, err := model.Open(configured(t, given))
		require.Error(t, err, name)
		assert.Nil(t, client, name)
		assert.Contains(t, err.Error(), name)
		assert.NotContains(t, err.Error(), "sesame")
	}
}
