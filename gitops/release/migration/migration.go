// Package migration checks that database migrations only expand the schema, so that the
// previous release still works after they are applied.
//
// It reads no database: what a release has applied is what its branch contains. Begin with
// Compare.
package migration

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// File is one migration in goose's SQL format. It may be of a branch that is not
// checked out.
type File struct {
	Name    string
	Content string
}

// Withdrawn is a migration that a branch had once. Databases may have applied it. Git
// remembers it, though no file is left.
type Withdrawn struct {
	File
	Commit string
}

// Severity is what a finding means for a promotion.
type Severity int

const (
	// Refusal would break the previous release.
	Refusal Severity = iota
	// Accepted would break the previous release; the migration gives a reason.
	Accepted
)

// Finding is one effect of a migration, with a remedy. It is printed as one line that
// names the file, what is wrong and how to mend it.
type Finding struct {
	File     string
	Line     int // zero if it concerns the whole file
	Severity Severity
	Problem  string
	Remedy   string
}

// String has the place, the problem and the remedy, in this order.
func (f Finding) String() string {
	where := strings.TrimSuffix(fmt.Sprintf("%s:%d", f.File, f.Line), ":0")
	return where + ": " + f.Problem + ": " + f.Remedy
}

// Comparison compares a candidate's migrations with the released ones.
type Comparison struct {
	Added    []File // in the order they run
	Findings []Finding
}

// Compare checks a candidate's migrations against the released ones: released ones must
// be unchanged, and new ones must follow them and only expand. All that is wrong is
// reported at once.
func Compare(released, candidate []File, withdrawn []Withdrawn) (c Comparison) {
	refuse := func(name, problem, remedy string) {
		c.Findings = append(c.Findings, Finding{File: name, Problem: problem, Remedy: remedy})
	}
	offered, wasReleased, numbers, newest := map[string]string{}, map[string]bool{}, map[int64]string{}, int64(0)
	for _, file := range candidate {
		offered[file.Name] = file.Content
	}
	for _, file := range released {
		wasReleased[file.Name] = true
		newest = max(newest, version(file.Name))
		if content, ok := offered[file.Name]; !ok {
			refuse(file.Name, "was released and is missing", "restore it unchanged, under this name: databases have applied it")
		} else if content != file.Content {
			refuse(file.Name, "was released and is changed", "restore it and write a new migration: databases do not apply it again")
		}
	}
	inOrder := func(a, b File) int { // as goose applies them
		return cmp.Or(cmp.Compare(version(a.Name), version(b.Name)), cmp.Compare(a.Name, b.Name))
	}
	for _, file := range slices.SortedStableFunc(slices.Values(candidate), inOrder) {
		number := version(file.Name)
		if number == 0 {
			refuse(file.Name, "cannot be ordered", "number it from 1, as in 00002_what_it_adds.sql")
			continue
		}
		if other, taken := numbers[number]; taken {
			refuse(file.Name, "has the number of "+other, "give it the next free number")
		}
		numbers[number] = file.Name
		if wasReleased[file.Name] {
			continue
		}
		if number <= newest {
			refuse(file.Name, fmt.Sprintf("comes before the last released migration, %d", newest), fmt.Sprintf("number it %05d or higher: databases would skip it or stop", newest+1))
		}
		c.Added = append(c.Added, file)
	}
	// A branch may have released a migration and removed it later. A database that
	// applied it would take another one of its number for applied.
	for _, old := range withdrawn {
		name, taken := numbers[version(old.Name)]
		if taken && !wasReleased[name] && (name != old.Name || offered[name] != old.Content) {
			refuse(name, fmt.Sprintf("has the number of %s, which was released and removed by %s", old.Name, old.Commit),
				"databases may have applied that: use an unused number, or restore the old one unchanged")
		}
	}
	known := created{}
	for _, file := range c.Added {
		c.Findings = append(c.Findings, judge(file, known)...)
	}
	return c
}

// numbered matches the names that goose orders migrations by.
var numbered = regexp.MustCompile(`^(\d+)_.*\.sql$`)

// version returns the number with which a migration's name begins, without leading
// noughts, or 0. goose records this number in the database, and nothing else: two files of
// one number are one migration to it.
func version(name string) int64 {
	match := numbered.FindStringSubmatch(name)
	if match == nil {
		return 0
	}
	number, err := strconv.ParseInt(match[1], 10, 64)
	if err != nil { // out of range
		return 0
	}
	return number
}
