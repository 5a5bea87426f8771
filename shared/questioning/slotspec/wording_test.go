package slotspec_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/slotspec"
)

// The questions that plain schemas get are in testdata/wording.txt, reviewed.
// Each property stands on a line, with its question on the next.
func TestPropertiesAreAskedForAsAPersonWouldAsk(t *testing.T) {
	const golden = "testdata/wording.txt"
	raw, err := os.ReadFile(golden)
	require.NoError(t, err)
	var got []string
	properties := 0
	for _, line := range strings.Split(strings.TrimRight(string(raw), "\n"), "\n") {
		if strings.HasPrefix(line, "  → ") {
			continue
		}
		got = append(got, line)
		if name, property, ok := strings.Cut(line, " "); ok && name != "#" {
			got = append(got, "  → "+question(t, name, property))
			properties++
		}
	}
	text := strings.Join(got, "\n") + "\n"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(golden, []byte(text), 0o644))
	}
	assert.GreaterOrEqual(t, properties, 300)
	want := strings.Split(string(raw), "\n")
	for i, line := range strings.Split(text, "\n") {
		if i < len(want) {
			assert.Equal(t, want[i], line, "line %d", i+1)
		}
	}
	assert.Equal(t, len(raw), len(text))
}

// question is what the only property of a schema is asked for with.
func question(t *testing.T, name, property string) string {
	spec, err := slotspec.Read(t.Context(), []byte(`{"type":"object","properties":{"`+name+`":`+property+`}}`))
	require.NoError(t, err, name)
	batch := questioning.New("", spec.Slots, questioning.Limits{BatchSize: 1}).Next()
	require.Len(t, batch.Questions, 1, name)
	return batch.Questions[0].Text
}
