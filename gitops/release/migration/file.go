// Package migration checks that database migrations only expand the schema, so that the
// previous release still works after they are applied.
//
// It reads no database: what a release has applied is what its branch contains. Begin with
// Compare.
package migration

import (
	"bufio"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// File is one migration in goose's SQL format. It may be of a branch that is not
// checked out.
type File struct {
	Name    string
	Content string
}

// goose's annotations, the mark with which a migration accepts that it contracts, and
// the names that goose orders migrations by.
var (
	annotation = regexp.MustCompile(`^--\s*\+goose\s+(.*?)\s*$`)
	contract   = regexp.MustCompile(`^--\s*release:\s*contract\b[:\s]*(.*?)\s*$`)
	numbered   = regexp.MustCompile(`^(\d+)_.*\.sql$`)
)

// Version returns the number with which a migration's name begins. goose records this
// number in the database, and nothing else: two files of one number are one migration
// to it.
// Leading noughts do not count, as in goose.
func Version(name string) (int64, error) {
	match := numbered.FindStringSubmatch(path.Base(name))
	if match == nil {
		return 0, fmt.Errorf("migration %s has no number: name it 00002_what_it_adds.sql", path.Base(name))
	}
	version, err := strconv.ParseInt(match[1], 10, 64)
	if err != nil || version < 1 {
		return 0, fmt.Errorf("migration %s: number %s is out of range: number migrations from 1", path.Base(name), match[1])
	}
	return version, nil
}

// script is the part of a migration that goose runs up. Lines are told to a person, who
// finds them in the file.
type script struct {
	up            string // other lines are blanked, so that lines keep their numbers
	noTransaction bool
	substitutes   bool
	contracts     bool
	reason        string
}

// read takes the part of a migration that goose runs up, and the annotations. A
// migration down is never run, so it is not judged.
// Other annotations, such as StatementBegin, are blanked as well.
func read(content string) (script, error) {
	var s script
	var up strings.Builder
	section := ""
	lines := bufio.NewScanner(strings.NewReader(content))
	lines.Buffer(nil, len(content)+1)
	for lines.Scan() {
		line := lines.Text()
		trimmed := strings.TrimSpace(line)
		if match := annotation.FindStringSubmatch(trimmed); match != nil {
			switch strings.ToUpper(match[1]) {
			case "UP":
				if section != "" {
					return s, fmt.Errorf("has more than one %q", "-- +goose Up")
				}
				section = "up"
			case "DOWN":
				section = "down"
			case "NO TRANSACTION":
				s.noTransaction = true
			case "ENVSUB ON":
				s.substitutes = true
			}
			line = ""
		}
		if match := contract.FindStringSubmatch(trimmed); match != nil {
			s.contracts, s.reason = true, match[1]
		}
		if section == "up" {
			up.WriteString(line)
		}
		up.WriteByte('\n')
	}
	if err := lines.Err(); err != nil {
		return s, fmt.Errorf("read: %w", err)
	}
	if !strings.Contains(content, "+goose") || section == "" {
		return s, fmt.Errorf("has no line %q", "-- +goose Up")
	}
	s.up = up.String()
	return s, nil
}
