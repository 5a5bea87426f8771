package parse

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// TestTables holds each language's table against its file. UPDATE_SNAPSHOTS=1
// writes the tables instead.
func TestTables(t *testing.T) {
	for _, code := range codes {
		made := tableOf(t, code)
		path := "languages/" + code + ".table"
		if os.Getenv("UPDATE_SNAPSHOTS") != "" {
			require.NoError(t, os.WriteFile(path, []byte(made), 0o644))
			continue
		}
		kept, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.True(t, made == string(kept), "%s is not that of %s.yaml: make generate", path, code)
	}
}

// A cold start of a function reads the languages: one takes 2 ms at most and all
// together 10 ms. The machine that tests may be busy, so allocations are counted, of
// which 42,344 took 10 ms.
func TestLanguagesAreReadQuickly(t *testing.T) {
	allocations := testing.AllocsPerRun(3, func() {
		for _, code := range codes {
			readLanguage(code, readVocabulary(code))
		}
	})
	assert.Less(t, allocations, 1.15*42_344)
}

func BenchmarkLanguages(b *testing.B) {
	for b.Loop() {
		for _, code := range codes {
			readLanguage(code, readVocabulary(code))
		}
	}
}

// languageFile is a file of languages as it is written.
type languageFile struct {
	// Decimal is the decimal separator, "." or ",".
	Decimal string `yaml:"decimal"`
	// Compounds lets number words be written as one: "dreiundzwanzig".
	Compounds bool `yaml:"compounds"`
	// UnitsFirst has "und" join units to the tens after them.
	UnitsFirst bool `yaml:"units_first"`
	// TensAnd has "y" join tens to the units after them.
	TensAnd bool `yaml:"tens_and"`
	// DayFirst reads 11/12 as the 11th of December; otherwise it is asked.
	DayFirst bool                          `yaml:"day_first"`
	Words    map[class][]string            `yaml:"words"`
	Values   map[class]map[string][]string `yaml:"values"`
	Dates    []string                      `yaml:"dates"`
	Times    []string                      `yaml:"times"`
}

// tree is a table in the making.
type tree struct {
	next    map[string]*tree
	readers []string // in their order
	means   []string
}

func (n *tree) at(word string) *tree {
	if n.next == nil {
		n.next = map[string]*tree{}
	}
	if n.next[word] == nil {
		n.next[word] = &tree{}
		if strings.HasPrefix(word, "{") && len(word) > 1 {
			n.readers = append(n.readers, word)
		}
	}
	return n.next[word]
}

func (n *tree) write(b *strings.Builder, depth int) {
	words := slices.DeleteFunc(slices.Sorted(maps.Keys(n.next)), func(word string) bool { return slices.Contains(n.readers, word) })
	for _, word := range slices.Concat(words, n.readers) {
		b.WriteString(strings.Repeat("\t", depth) + strings.Join(append([]string{word}, n.next[word].means...), "\t") + "\n")
		n.next[word].write(b, depth+1)
	}
}

func tableOf(t *testing.T, code string) string {
	data, err := os.ReadFile("languages/" + code + ".yaml")
	require.NoError(t, err)
	var file languageFile
	require.NoError(t, yaml.Unmarshal(data, &file))
	var b strings.Builder
	for _, setting := range []struct {
		name string
		on   bool
	}{{"decimal_comma", file.Decimal == ","}, {"compounds", file.Compounds}, {"units_first", file.UnitsFirst}, {"tens_and", file.TensAnd}, {"day_first", file.DayFirst}} {
		if setting.on {
			b.WriteString(setting.name + "\n")
		}
	}
	lexicon, own := &tree{}, file.phrases()
	for _, of := range slices.Sorted(maps.Keys(file.Words)) {
		for _, phrase := range file.Words[of] {
			addPhrase(lexicon, own, code, phrase, of, phrase)
		}
	}
	for _, of := range slices.Sorted(maps.Keys(file.Values)) {
		for _, value := range slices.Sorted(maps.Keys(file.Values[of])) {
			for _, phrase := range file.Values[of][value] {
				addPhrase(lexicon, own, code, phrase, of, value)
			}
		}
	}
	b.WriteString("=phrases\n")
	lexicon.write(&b, 0)
	b.WriteString("=dates\n")
	compile(t, file.Dates).write(&b, 0)
	b.WriteString("=times\n")
	compile(t, file.Times).write(&b, 0)
	return b.String()
}

// phrases are all of a file.
func (f languageFile) phrases() map[string]bool {
	all := map[string]bool{}
	for _, phrases := range f.Words {
		for _, phrase := range phrases {
			all[phrase] = true
		}
	}
	for _, values := range f.Values {
		for _, phrases := range values {
			for _, phrase := range phrases {
				all[phrase] = true
			}
		}
	}
	return all
}

// addPhrase puts a phrase into the lexicon: as it is written, without accents and
// without apostrophes, as people write it. A word that only its accent tells from
// another of the file, as "dès" from "des", keeps it.
func addPhrase(lexicon *tree, own map[string]bool, code, phrase string, of class, value string) {
	spellings := [][]token{tokenize(phrase)}
	if strings.Contains(phrase, "'") && code == "en" {
		spellings = append(spellings, tokenize(strings.ReplaceAll(phrase, "'", "")))
	}
	for _, tokens := range spellings {
		distinct := len(tokens) == 1 && tokens[0].plain != tokens[0].text && own[tokens[0].plain]
		lexicon.mean(tokens, func(t token) string { return t.text }, of, value)
		if !distinct {
			lexicon.mean(tokens, func(t token) string { return t.plain }, of, value)
		}
	}
}

// mean adds a meaning to the phrase of the tokens' spellings.
func (n *tree) mean(tokens []token, spelling func(token) string, of class, value string) {
	for _, token := range tokens {
		n = n.at(spelling(token))
	}
	if means := string(of) + "\t" + value; !slices.Contains(n.means, means) {
		n.means = append(n.means, means)
	}
}

// compile makes one tree of patterns. Of two that are the same but for what they
// set, the first counts.
func compile(t *testing.T, patterns []string) *tree {
	root := &tree{}
	for _, pattern := range patterns {
		form, sets, _ := strings.Cut(pattern, "=>")
		sequences, rest := expand(strings.Fields(spaced.Replace(form)))
		require.Empty(t, rest, "%q does not end well", pattern)
		for _, sequence := range sequences {
			node := root
			for _, element := range sequence {
				if strings.HasPrefix(element, "{") {
					node = node.at(element)
					continue
				}
				for _, token := range tokenize(element) {
					node = node.at(token.plain)
				}
			}
			if node.means == nil {
				node.means = []string{":" + strings.TrimSpace(sets)}
			}
		}
	}
	return root
}

var spaced = strings.NewReplacer("[", " [ ", "]", " ] ", "(", " ( ", ")", " ) ", "|", " | ")

// expand gives every sequence of words and readers that a form stands for, up to
// the bracket or bar that ends it.
func expand(form []string) (sequences [][]string, rest []string) {
	sequences = [][]string{nil}
	for len(form) > 0 {
		element := form[0]
		form = form[1:]
		var alternatives [][]string
		switch element {
		case "]", ")", "|":
			return sequences, append([]string{element}, form...)
		case "[", "(":
			if element == "[" {
				alternatives = [][]string{nil}
			}
			for {
				var more [][]string
				more, form = expand(form)
				alternatives = append(alternatives, more...)
				ended := form[0] != "|"
				form = form[1:]
				if ended {
					break
				}
			}
		default:
			alternatives = [][]string{{element}}
		}
		var longer [][]string
		for _, sequence := range sequences {
			for _, alternative := range alternatives {
				longer = append(longer, append(append([]string{}, sequence...), alternative...))
			}
		}
		sequences = longer
	}
	return sequences, nil
}

// A pattern of a language names a reader in braces; a name without one would
// panic at the first text that comes so far.
func TestEveryReaderInThePatternsExists(t *testing.T) {
	var check func(code string, node *patternNode)
	seen := 0
	nothing := newText(questioning.Slot{}, "", Context{})
	check = func(code string, node *patternNode) {
		for _, edge := range node.readers {
			assert.NotPanics(t, func() { nothing.read(edge.name, 0, &moment{}) }, code)
			seen++
			check(code, edge.to)
		}
		for _, next := range node.steps {
			check(code, next.to)
		}
		for _, next := range node.index {
			check(code, next)
		}
	}
	for _, code := range codes {
		check(code, load(code).dates)
		check(code, load(code).times)
	}
	assert.Greater(t, seen, 100)
}

func BenchmarkVocabularies(b *testing.B) {
	for b.Loop() {
		for _, code := range codes {
			readVocabulary(code)
		}
	}
}
