package parse

import (
	"embed"
	"fmt"
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
func readLanguage(code string) *language {
	data, err := languages.ReadFile("languages/" + code + ".table")
	if err != nil {
		panic(err)
	}
	l := &language{code: code, decimal: ".", lexicon: &phraseNode{}, known: make(map[string]bool, 4096), dates: &patternNode{}, times: &patternNode{}, compound: map[string]bool{}}
	settings, rest, _ := strings.Cut(string(data), "=phrases\n")
	phrases, rest, _ := strings.Cut(rest, "=dates\n")
	dates, times, _ := strings.Cut(rest, "=times\n")
	for setting := range strings.FieldsSeq(settings) {
		l.apply(setting)
	}
	grow(phrases, l.lexicon, l.phrase)
	grow(dates, l.dates, l.element)
	grow(times, l.times, l.element)
	return l
}

// apply notes a setting of the table's head.
func (l *language) apply(setting string) {
	switch setting {
	case "decimal_comma":
		l.decimal = ","
	case "compounds":
		l.compounds = true
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
func grow[node any](table string, root node, add func(below node, root bool, word, means string) node) {
	path := []node{root}
	for line := range strings.Lines(table) {
		word := strings.TrimLeft(line, "\t")
		depth := len(line) - len(word)
		word, means, _ := strings.Cut(strings.TrimSuffix(word, "\n"), "\t")
		path = append(path[:depth+1], add(path[depth], depth == 0, word, means))
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
func (l *language) phrase(below *phraseNode, first bool, word, means string) *phraseNode {
	node := take(&l.spare)
	below.add(word, node)
	l.known[word] = true
	for means != "" {
		var of, name string
		of, means, _ = strings.Cut(means, "\t")
		name, means, _ = strings.Cut(means, "\t")
		e := entry{class: class(of), name: name}
		if name != "" && name[0] <= '9' { // a number or a sign before one
			e.value, _ = strconv.ParseFloat(name, 64)
		}
		node.entries = append(node.entries, e)
		if first && l.compounds && (len(word) > 1 || e.class == and) && slices.Contains([]class{number, scale, ordinal, and, andHalf, parts}, e.class) {
			l.compound[word] = true
		}
	}
	return node
}

// element adds a word or a {reader} of a pattern; what it means is that the pattern
// ends there, and the fields that it sets, behind a colon.
func (l *language) element(below *patternNode, _ bool, word, means string) *patternNode {
	node := take(&l.unused)
	if name, ok := strings.CutPrefix(word, "{"); ok {
		name = strings.TrimSuffix(name, "}")
		if readers[name] == nil {
			panic("language " + l.code + ": there is no reader " + name)
		}
		below.readers = append(below.readers, readerEdge{name, readers[name], node})
	} else {
		below.add(word, node)
		l.known[word] = true
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

// languages holds one table for each language: what its words are to this
// package, and how they make dates and times of day. TestTables writes them from
// the files beside them, which are for people; tables.go reads them.
//
//go:embed languages/*.table
var languages embed.FS
