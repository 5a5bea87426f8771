package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
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

// writeText aligns columns by characters, the first to the left and figures to the
// right.
// Cells are not cut: a terminal that is too narrow breaks the lines.
func (t table) writeText(w io.Writer) {
	lines := append([][]string{t.columns}, t.rows...)
	widths := make([]int, len(t.columns))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	fmt.Fprintf(w, "%s\n", t.title)
	for _, line := range lines {
		var b strings.Builder
		for i, cell := range line {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				b.WriteString("  " + cell + pad)
			} else {
				b.WriteString("  " + pad + cell)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
	for _, note := range t.notes {
		fmt.Fprintf(w, "  %s\n", note)
	}
	fmt.Fprintln(w)
}

// writeMarkdown writes a GitHub table; cells contain no vertical bars.
func (t table) writeMarkdown(w io.Writer) {
	fmt.Fprintf(w, "## %s\n\n", t.title)
	if t.about != "" {
		fmt.Fprintf(w, "%s\n\n", t.about)
	}
	for i, line := range append([][]string{t.columns}, t.rows...) {
		fmt.Fprintf(w, "| %s |\n", strings.Join(line, " | "))
		if i == 0 {
			fmt.Fprintf(w, "| --- |%s\n", strings.Repeat(" ---: |", len(line)-1))
		}
	}
	for _, note := range t.notes {
		fmt.Fprintf(w, "\n%s\n", note)
	}
	fmt.Fprintln(w)
}
