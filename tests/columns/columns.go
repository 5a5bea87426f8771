// Package columns writes lines of cells for a terminal and for a page.
package columns

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Text aligns columns, the first to the left and figures to the right. Widths are counted in
// characters, since figures have signs such as × and ≥. Cells are not cut: a terminal that
// is too narrow breaks the lines.
func Text(w io.Writer, lines [][]string) {
	var widths []int
	for _, line := range lines {
		for i, cell := range line {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
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
}

// Markdown writes a table of GitHub, the first line as its heading; cells contain no
// vertical bars.
func Markdown(w io.Writer, lines [][]string) {
	for i, line := range lines {
		fmt.Fprintf(w, "| %s |\n", strings.Join(line, " | "))
		if i == 0 {
			fmt.Fprintf(w, "| --- |%s\n", strings.Repeat(" ---: |", len(line)-1))
		}
	}
}
