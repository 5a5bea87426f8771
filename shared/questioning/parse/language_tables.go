package parse

import (
	_ "embed" // tables
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// A table is a language's file as trees of words, each word on a line and indented
// below the word it follows:
//
//	day_first
//	=phrases
//	at
//		least<TAB>bound<TAB>at least
//	=times
//	half
//		past
//			{hour}<TAB>minute=30
//
// It is read in a fraction of the time that the file takes, which every cold start
// of a function would spend.

// readLanguage panics on a table that is not valid: it is part of the program.
func readLanguage(code string, words *vocabulary) *language {
	l := &language{code: code, decimal: ".", vocabulary: words, lexicon: &phraseNode{}, dates: &patternNode{}, times: &patternNode{}}
	settings, phrases, dates, times := sections(tables[code])
	for setting := range strings.FieldsSeq(settings) {
		l.apply(setting)
	}
	grow(phrases, l.lexicon, l.phrase)
	grow(dates, l.dates, l.element)
	grow(times, l.times, l.element)
	return l
}

// sections are the four parts of a table, in their order. A part may be empty, but its
// heading is there: TestTables writes all of them.
func sections(table string) (settings, phrases, dates, times string) {
	settings, rest, _ := strings.Cut(table, "=phrases\n")
	phrases, rest, _ = strings.Cut(rest, "=dates\n")
	dates, times, _ = strings.Cut(rest, "=times\n")
	return settings, phrases, dates, times
}

// knownWords is about how many words a language knows.
const knownWords = 1750

// readVocabulary reads of a table what tells its language from others, in a fifth of the
// time and a tenth of the memory.
func readVocabulary(code string) *vocabulary {
	settings, phrases, dates, times := sections(tables[code])
	v := &vocabulary{known: make(map[string]struct{}, knownWords)}
	if slices.Contains(strings.Fields(settings), "compounds") {
		v.compound = map[string]bool{}
	}
	eachLine(phrases, func(depth int, word, means string) {
		v.known[word] = struct{}{}
		if depth > 0 || v.compound == nil {
			return
		}
		for of := range entries(means) {
			if (len(word) > 1 || of == and) && slices.Contains([]class{number, scale, ordinal, and, andHalf, parts}, of) {
				v.compound[word] = true
			}
		}
	})
	for _, patterns := range []string{dates, times} {
		eachLine(patterns, func(_ int, word, _ string) {
			if !strings.HasPrefix(word, "{") {
				v.known[word] = struct{}{}
			}
		})
	}
	return v
}

// apply notes a setting of the table's head.
func (l *language) apply(setting string) {
	switch setting {
	case "decimal_comma":
		l.decimal = ","
	case "compounds": // readVocabulary reads it
	case "units_first":
		l.unitsFirst = true
	case "tens_and":
		l.tensAnd = true
	case "day_first":
		l.dayFirst = true
	default:
		panic("language " + l.code + ": no setting " + setting)
	}
}

// grow reads a tree below root: add gives the node for a word below another, with
// what stands behind the word.
func grow[node any](table string, root node, add func(below node, word, means string) node) {
	path := []node{root}
	eachLine(table, func(depth int, word, means string) {
		path = append(path[:depth+1], add(path[depth], word, means))
	})
}

// eachLine calls read with each word, how deep it is, and what stands behind it.
func eachLine(table string, read func(depth int, word, means string)) {
	for line := range strings.Lines(table) {
		word := strings.TrimLeft(line, "\t")
		depth := len(line) - len(word)
		word, means, _ := strings.Cut(strings.TrimSuffix(word, "\n"), "\t")
		read(depth, word, means)
	}
}

// entries are the pairs of class and value that a word of the lexicon means.
func entries(means string) iter.Seq2[class, string] {
	return func(yield func(class, string) bool) {
		for means != "" {
			var of, name string
			of, means, _ = strings.Cut(means, "\t")
			name, means, _ = strings.Cut(means, "\t")
			if !yield(class(of), name) {
				return
			}
		}
	}
}

// take is the next of the nodes in spare, of which it makes many at once.
func take[node any](spare *[]node) *node {
	const atOnce = 512
	if len(*spare) == 0 {
		*spare = make([]node, atOnce)
	}
	next := &(*spare)[0]
	*spare = (*spare)[1:]
	return next
}

// phrase adds a word of the lexicon; what it means are pairs of class and value.
func (l *language) phrase(below *phraseNode, word, means string) *phraseNode {
	node := take(&l.spare)
	below.add(word, node)
	for of, name := range entries(means) {
		e := entry{class: of, name: name}
		if name != "" && name[0] <= '9' { // a number or a sign before one
			e.value, _ = strconv.ParseFloat(name, 64)
		}
		node.entries = append(node.entries, e)
	}
	return node
}

// element adds a word or a {reader} of a pattern; what it means is that the pattern
// ends there, and the fields that it sets, behind a colon.
func (l *language) element(below *patternNode, word, means string) *patternNode {
	node := take(&l.unused)
	if name, ok := strings.CutPrefix(word, "{"); ok {
		name = strings.TrimSuffix(name, "}")
		below.readers = append(below.readers, readerEdge{name, node})
	} else {
		below.add(word, node)
	}
	sets, ends := strings.CutPrefix(means, ":")
	node.end = ends
	for pair := range strings.FieldsSeq(sets) {
		name, value, _ := strings.Cut(pair, "=")
		number, err := strconv.Atoi(value)
		if name == "part" {
			number, err = int(partsOfDay[value]), nil
		}
		if field, ok := fieldNames[name]; ok && err == nil {
			node.sets = append(node.sets, setting{field, number})
			continue
		}
		panic(fmt.Sprintf("language %s: %q sets no field", l.code, pair))
	}
	return node
}

// tables holds one table for each language: what its words are to this package, and
// how they make dates and times of day. TestTables writes them from the files beside
// them, which are for people. As strings they stay in the program's file: words read
// from them take no memory of their own.
var tables = map[string]string{"de": german, "en": english, "es": spanish, "fr": french, "it": italian, "nl": dutch, "pt": portuguese, "zh": chinese}

var (
	//go:embed languages/de.table
	german string
	//go:embed languages/en.table
	english string
	//go:embed languages/es.table
	spanish string
	//go:embed languages/fr.table
	french string
	//go:embed languages/it.table
	italian string
	//go:embed languages/nl.table
	dutch string
	//go:embed languages/pt.table
	portuguese string
	//go:embed languages/zh.table
	chinese string
)
