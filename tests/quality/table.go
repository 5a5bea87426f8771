package main

import (
	"fmt"
	"io"

	"github.com/sequential-questioning/sequential-questioning/tests/columns"
)

// table is one printed section: a paragraph, rows and notes. The same content is written
// for a terminal and for the page.
type table struct {
	title   string
	about   string
	columns []string
	rows    [][]string
	notes   []string
}

// add adds a row, with a cell for each column.
func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// note adds a sentence below the rows: what a reader must know to take the figures for
// what they are.
func (t *table) note(format string, arguments ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, arguments...))
}

func (t table) lines() [][]string { return append([][]string{t.columns}, t.rows...) }

func (t table) writeText(w io.Writer) {
	fmt.Fprintf(w, "%s\n", t.title)
	columns.Text(w, t.lines())
	for _, note := range t.notes {
		fmt.Fprintf(w, "  %s\n", note)
	}
	fmt.Fprintln(w)
}

func (t table) writeMarkdown(w io.Writer) {
	fmt.Fprintf(w, "## %s\n\n", t.title)
	if t.about != "" {
		fmt.Fprintf(w, "%s\n\n", t.about)
	}
	columns.Markdown(w, t.lines())
	for _, note := range t.notes {
		fmt.Fprintf(w, "\n%s\n", note)
	}
	fmt.Fprintln(w)
}
