package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWrongUsageIsToldWithTheRightOne(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		code int
		said string
	}{
		"help":         {[]string{"--help"}, exitDone, "Usage: reindex"},
		"unknown flag": {[]string{"--slow"}, exitUsage, "-slow"},
		"argument":     {[]string{"all"}, exitUsage, `unexpected argument "all"`},
	} {
		var out, errOut bytes.Buffer
		assert.Equal(t, c.code, run(t.Context(), c.args, &out, &errOut), name)
		assert.Contains(t, out.String()+errOut.String(), c.said, name)
	}
}

func TestMissingSettingsAreNamed(t *testing.T) {
	t.Setenv("QDRANT_URL", "")
	t.Setenv("DATABASE_URL", "")
	var out, errOut bytes.Buffer
	assert.Equal(t, exitFailed, run(t.Context(), nil, &out, &errOut))
	assert.Contains(t, errOut.String(), "QDRANT_URL")
	t.Setenv("QDRANT_URL", "http://127.0.0.1:1")
	errOut.Reset()
	assert.Equal(t, exitFailed, run(t.Context(), nil, &out, &errOut))
	assert.Contains(t, errOut.String(), "DATABASE_URL")
}
