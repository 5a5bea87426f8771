package elicitation

import (
	"fmt"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
)

const (
	// firstRevision has forms with plain fields.
	firstRevision = "2025-06-18"
	// fullRevision has choices of several, and defaults.
	fullRevision = "2025-11-25"
)

// Known says whether a revision of the protocol has forms.
func Known(revision string) bool { return revision >= firstRevision }

// For is the schema as a revision has it. Before 2025-11-25 a choice of several is a
// text, and nothing that the form has can have a default: what is lost by that is
// said in the description, in a language given as an ISO 639-1 code.
func (s Schema) For(revision, language string) Schema {
	if revision >= fullRevision {
		return s
	}
	plain := Schema{Fields: make([]Field, len(s.Fields))}
	for i, f := range s.Fields {
		plain.Fields[i] = f.plain(messages.In(language))
	}
	return plain
}

func (f Field) plain(say *messages.Printer) Field {
	if f.Default != nil {
		f.describe(say.Text(messages.Suggested, words(f.Default)))
		f.Default = nil
	}
	if f.Items != nil {
		f.describe(say.Text(messages.AnyOfThese, strings.Join(f.Items.Enum, ", ")))
		f.Type, f.Items, f.MinItems, f.MaxItems = "string", nil, nil, nil
	}
	return f
}

func (f *Field) describe(more string) { f.Description = strings.TrimSpace(f.Description + " " + more) }

// words is a default in words, with quotes around texts.
func words(value any) string {
	var names []string
	switch v := value.(type) {
	case string:
		return plain.Quote(v)
	case []any:
		for _, one := range v {
			names = append(names, plain.Quote(fmt.Sprint(one)))
		}
	case []string:
		for _, one := range v {
			names = append(names, plain.Quote(one))
		}
	default:
		return fmt.Sprint(value)
	}
	return strings.Join(names, ", ")
}
