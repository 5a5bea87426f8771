package slotspec

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/schema"
)

// corpus returns what generators, people and models write, by name.
func corpus(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/inputs/*.json")
	require.NoError(t, err)
	all := map[string][]byte{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = raw
	}
	require.GreaterOrEqual(t, len(all), 80)
	return all
}

// TestTheCorpusIsReadAsItWasReviewed compares with testdata/golden, which
// UPDATE_GOLDEN=1 writes.
func TestTheCorpusIsReadAsItWasReviewed(t *testing.T) {
	for name, raw := range corpus(t) {
		wanted, err := Read(t.Context(), raw)
		got := described(wanted, err)
		golden := filepath.Join("testdata", "golden", name+".txt")
		if os.Getenv("UPDATE_GOLDEN") != "" {
			require.NoError(t, os.MkdirAll(filepath.Dir(golden), 0o755))
			require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
		}
		want, err := os.ReadFile(golden)
		require.NoError(t, err)
		assert.Equal(t, string(want), got, name)
	}
}

// TestInformationIsReadAsModelsWriteIt holds what is read of each line of
// testdata/spellings.txt against the lines below it, which UPDATE_GOLDEN=1 writes.
func TestInformationIsReadAsModelsWriteIt(t *testing.T) {
	const golden = "testdata/spellings.txt"
	raw, err := os.ReadFile(golden)
	require.NoError(t, err)
	want := strings.Split(strings.TrimRight(string(raw), "\n"), "\n")
	var got []string
	inputs, refused := 0, 0
	for _, line := range want {
		if strings.HasPrefix(line, "  → ") {
			continue
		}
		got = append(got, line)
		if name, written, ok := strings.Cut(line, " "); ok && name != "#" {
			spec, err := Read(t.Context(), []byte(written))
			for one := range strings.Lines(described(spec, err)) {
				got = append(got, "  → "+strings.TrimRight(one, "\n"))
			}
			if inputs++; err != nil {
				refused++
			}
		}
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(golden, []byte(strings.Join(got, "\n")+"\n"), 0o644))
	}
	assert.GreaterOrEqual(t, inputs, 100)
	assert.LessOrEqual(t, refused*5, inputs, "at most one in five is refused")
	require.Len(t, got, len(want))
	for i := range want {
		require.Equal(t, want[i], got[i], "line %d", i+1)
	}
}

// described writes a line for each slot: key, type, title and what it is held to.
func described(wanted Spec, err error) string {
	if err != nil {
		return "refused: " + err.Error() + "\n"
	}
	var b strings.Builder
	for _, s := range wanted.Slots {
		need := "optional"
		if s.Required {
			need = "required"
		}
		fmt.Fprintf(&b, "%s: %s %s %q", s.Key, need, s.Type, s.Title)
		rest := s
		rest.Key, rest.Type, rest.Title, rest.Required = "", "", "", false
		raw, _ := json.Marshal(rest)
		detail := strings.TrimPrefix(string(raw), `{"key":"","title":"",`)
		if detail = strings.TrimPrefix(strings.TrimSuffix(detail, "}"), `"type":"",`); detail != `"type":""` {
			b.WriteString(" " + detail)
		}
		b.WriteByte('\n')
	}
	for _, w := range wanted.Warnings {
		b.WriteString("warning: " + w + "\n")
	}
	return b.String()
}

// sample is a value that a slot takes.
func sample(s questioning.Slot) any {
	switch s.Type {
	case questioning.Choice:
		return s.Options[0].Value
	case questioning.Choices:
		return []any{s.Options[0].Value}
	case questioning.Boolean:
		return true
	case questioning.Integer, questioning.Number:
		n := 1.0
		if s.Minimum != nil {
			n = max(n, *s.Minimum)
		}
		if s.Maximum != nil {
			n = min(n, *s.Maximum)
		}
		if strings.HasSuffix(s.Key, countKey) {
			n = *s.Maximum
		}
		return n
	case questioning.Date:
		return "2026-11-30"
	case questioning.Time:
		return "14:30:00"
	case questioning.DateTime:
		return "2026-11-30T14:30:00Z"
	case questioning.Email:
		return "ada@example.com"
	case questioning.URI:
		return "https://example.com/"
	case questioning.List:
		return []any{"1", "2"}
	}
	for pattern, text := range map[string]string{`^[A-Z]{3}$`: "ABC", `^\d{4,5}$`: "1234", "^A": "A1", "^[A-Za-z": "Ada",
		`^[0-9a-fA-F]{24}$`: "0123456789abcdef01234567", `^\S+@`: "a@b", `^\s*(\d*`: "5kb", `^[0-9a-fA-F]{8}-`: "123e4567-e89b-12d3-a456-426614174000", `^[A-Z]{3}-`: "ABC-1234",
		`^\+[1-9]`: "+4915112345678", `^(?:[01]\d`: "14:30", `^[a-z]+$`: "ada", `^\d{5}$`: "12345"} {
		if strings.HasPrefix(s.Pattern, pattern) {
			return text
		}
	}
	return "a text"
}

func TestValuesComeBackNestedAndValid(t *testing.T) {
	// What the samples cannot match: patterns of identifiers, and steps.
	skipped := map[string]string{
		"zod4_formats": "uuid, ip and nanoid have patterns", "pydantic2_odd": "a step of 5", "zod4_odd": "a step of 5",
		"arktype_budget": "a step of 5, and a uuid", "pydantic2_aliases": "a size has a pattern in one of its types",
	}
	checked := 0
	for name, raw := range corpus(t) {
		wanted, err := Read(t.Context(), raw)
		if err != nil || wanted.Schema == nil || skipped[name] != "" {
			continue
		}
		held, required := map[string]any{}, map[string]any{}
		for _, s := range wanted.Slots {
			if s.When != nil && !slices.Contains(s.When.In, held[s.When.Slot]) && slices.ContainsFunc(wanted.Slots, func(o questioning.Slot) bool { return o.Key == s.When.Slot }) {
				continue // the slot does not apply
			}
			held[s.Key] = sample(s)
			if s.Required {
				required[s.Key] = held[s.Key]
			}
		}
		compiled, err := schema.Compile(t.Context(), wanted.Schema)
		require.NoError(t, err, name)
		whole := wanted.Values(held, true)
		assert.Empty(t, schema.Problems(compiled, whole), "%s: %v", name, whole)
		if name != "written_conditional" { // it requires more than it says in required
			least := wanted.Values(required, true)
			assert.Empty(t, schema.Problems(compiled, least), "%s: only what is required: %v", name, least)
		}
		if original, err := schema.Compile(t.Context(), raw); err == nil && has(raw, "properties") && name != "zod3_formats" && name != "valibot_variant" { // draft 7 asserts formats
			assert.Empty(t, schema.Problems(original, whole), "%s: by the schema as it was sent", name)
			checked++
		}
	}
	t.Log(checked, "schemas as they were sent")
	assert.GreaterOrEqual(t, checked, 50)
}

func has(raw []byte, name string) bool {
	value, _ := jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
	o, _ := value.(map[string]any)
	return o[name] != nil
}
