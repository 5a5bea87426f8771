package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/sequential-questioning/sequential-questioning/tests/columns"
)

// table is the printed result: sections of rows.
type table struct{ sections []*section }

// section is a titled group of rows with the same columns.
type section struct {
	title   string
	columns [3]string // of the measured value, of what it is beside, and of how they compare
	rows    []row
	notes   []string
}

// row is one figure, with what it is compared with and the bound on it.
type row struct {
	label, value, beside, compared string
	aim                            aim
}

// aim is a bound on a figure; the zero value is none.
// A missed aim fails the command only with --strict, since a busy laptop misses some.
type aim struct {
	text string
	met  bool
}

// verdict is pass, MISS or nothing.
func (a aim) verdict() string {
	switch {
	case a.text == "":
		return ""
	case a.met:
		return "pass"
	}
	return "MISS"
}

// atLeast is the aim of a figure that should not be lower.
func atLeast(figure, bound float64) aim {
	return aim{fmt.Sprintf("≥ %g", bound), figure >= bound}
}

// atMost is the aim of a figure that should not be higher.
func atMost(figure, bound float64, unit string) aim {
	return aim{strings.TrimSpace(fmt.Sprintf("≤ %g %s", bound, unit)), figure <= bound}
}

// section adds a section; its third column compares the other two.
// It returns a pointer into the table: rows may be added later.
func (t *table) section(title, value, beside string) *section {
	s := &section{title: title, columns: [3]string{value, beside, "compared"}}
	t.sections = append(t.sections, s)
	return s
}

// add appends a row, in the order of printing.
func (s *section) add(r row) { s.rows = append(s.rows, r) }

// note appends a line below the section.
func (s *section) note(format string, arguments ...any) {
	s.notes = append(s.notes, fmt.Sprintf(format, arguments...))
}

// missed counts the aims that were missed.
func (t *table) missed() int {
	missed := 0
	for _, s := range t.sections {
		for _, r := range s.rows {
			if r.aim.verdict() == "MISS" {
				missed++
			}
		}
	}
	return missed
}

// write prints the table as text, or as the Markdown of docs/performance.md.
func (t *table) write(w io.Writer, markdown bool) {
	for i, s := range t.sections {
		if i > 0 {
			fmt.Fprintln(w)
		}
		lines := [][]string{{"", s.columns[0], s.columns[1], s.columns[2], "aim", ""}}
		for _, r := range s.rows {
			lines = append(lines, []string{r.label, r.value, r.beside, r.compared, r.aim.text, r.aim.verdict()})
		}
		if markdown {
			s.writeMarkdown(w, dropEmpty(lines))
		} else {
			s.writeText(w, dropEmpty(lines))
		}
	}
}

// Comments between which a page has the table.
const (
	begin = "<!-- make bench writes from here -->"
	end   = "<!-- to here -->"
)

// writeInto replaces the table of a page.
// Text outside the marks stays. A page without marks is an error, and is not changed.
func (t *table) writeInto(file string) error {
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(page), begin)
	_, after, ends := strings.Cut(rest, end)
	if !found || !ends {
		return fmt.Errorf("%s has no place for the table: put %q and %q around it", file, begin, end)
	}
	var tables strings.Builder
	t.write(&tables, true)
	return os.WriteFile(file, []byte(before+begin+"\n\n"+tables.String()+"\n"+end+after), 0o644)
}

// dropEmpty removes columns without values.
// The first line, with the titles, does not count as a value.
func dropEmpty(lines [][]string) [][]string {
	kept := make([][]string, len(lines))
	for column := range lines[0] {
		used := false
		for _, line := range lines[1:] {
			used = used || line[column] != ""
		}
		if !used {
			continue
		}
		for i, line := range lines {
			kept[i] = append(kept[i], line[column])
		}
	}
	return kept
}

func (s *section) writeText(w io.Writer, lines [][]string) {
	fmt.Fprintln(w, s.title)
	columns.Text(w, lines)
	for _, note := range s.notes {
		fmt.Fprintln(w, "  "+note)
	}
}

// writeMarkdown writes what docs/performance.md takes over unchanged.
func (s *section) writeMarkdown(w io.Writer, lines [][]string) {
	fmt.Fprintf(w, "**%s**\n\n", s.title)
	columns.Markdown(w, lines)
	for _, note := range s.notes {
		fmt.Fprintf(w, "\n%s\n", note)
	}
}

// ms has three significant digits.
func ms(d time.Duration) string {
	switch v := d.Seconds() * 1000; {
	case v < 10:
		return fmt.Sprintf("%.2f ms", v)
	case v < 100:
		return fmt.Sprintf("%.1f ms", v)
	default:
		return fmt.Sprintf("%.0f ms", v)
	}
}

// mb is in millions of bytes, as file managers and registries count.
func mb(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }
