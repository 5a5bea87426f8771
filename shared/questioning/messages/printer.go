package messages

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/message/catalog"
)

// English is the language that the catalogue is written in, and the one that
// serves where no language is known.
const English = "en"

// Languages are the ones that the server speaks, by ISO 639-1 code.
var Languages = []string{"de", English, "es", "fr", "it", "nl", "pt"}

// Printer says things in one language. The zero value is not usable; In returns
// one.
type Printer struct {
	language string
	printer  *message.Printer
}

// In returns the printer of a language, given as a BCP 47 tag such as "pt-BR".
// A language that is not spoken gets English.
func In(tag string) *Printer {
	code := Code(tag)
	if !slices.Contains(Languages, code) {
		code = English
	}
	return printers[code]()
}

// Code is the ISO 639 code of a BCP 47 tag, in lower case; empty for what is
// none.
func Code(tag string) string {
	if tag == "" || slices.Contains(Languages, tag) {
		return tag // parsing it would find the same, in half a microsecond for each text
	}
	parsed, err := language.Parse(tag)
	if err != nil {
		return ""
	}
	base, _ := parsed.Base()
	return base.String()
}

// Language is the ISO 639-1 code of what the printer speaks.
func (p *Printer) Language() string { return p.language }

// Text says one of the catalogue's messages.
func (p *Printer) Text(text string, args ...any) string { return p.printer.Sprintf(text, args...) }

// Decimal writes a number, given in digits with a decimal point, with the decimal sign
// of the language. Thousands are not grouped: how varies within languages, and a
// group would be read as a fraction elsewhere.
func (p *Printer) Decimal(digits string) string {
	if p.language == English {
		return digits
	}
	return strings.Replace(digits, ".", ",", 1) // in every other language that is spoken
}

// printers are made when they are first asked for: reading a file takes half a
// millisecond, and most instances speak one or two languages.
var printers = func() map[string]func() *Printer {
	all := map[string]func() *Printer{}
	for _, code := range Languages {
		all[code] = sync.OnceValue(func() *Printer { return newPrinter(code) })
	}
	return all
}()

//go:embed languages/*.yaml
var files embed.FS

// newPrinter reads a language's file, which the tests check.
func newPrinter(code string) *Printer {
	translated, err := read(code)
	if err != nil {
		panic(fmt.Sprintf("messages in %s: %v", code, err))
	}
	tag := language.MustParse(code)
	builder := catalog.NewBuilder()
	for text, said := range translated {
		if err := builder.Set(tag, text, said.message()); err != nil {
			panic(fmt.Sprintf("messages in %s: %q: %v", code, text, err))
		}
	}
	return &Printer{code, message.NewPrinter(tag, message.Catalog(builder))}
}

// translation is a message in one language. One is its form where the first
// argument is grammatically singular; empty where the two do not differ.
type translation struct{ one, other string }

// message is the translation as package catalog takes it.
func (t translation) message() catalog.Message {
	if t.one == "" {
		return catalog.String(t.other)
	}
	return plural.Selectf(1, "%d", plural.One, t.one, plural.Other, t.other)
}

// UnmarshalYAML reads a text, or {one: text, other: text}.
func (t *translation) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		return node.Decode(&t.other)
	}
	var forms struct{ One, Other string }
	if err := node.Decode(&forms); err != nil {
		return err
	}
	t.one, t.other = forms.One, forms.Other
	return nil
}

// read returns a language's file: by English text, what is said instead. English
// has one too, for singular forms.
func read(code string) (map[string]translation, error) {
	data, err := files.ReadFile("languages/" + code + ".yaml")
	if err != nil {
		return nil, err
	}
	var all map[string]translation
	if err := yaml.Unmarshal(data, &all); err != nil {
		return nil, err
	}
	return all, nil
}
