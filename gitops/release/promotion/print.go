package promotion

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/migration"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/repository"
)

// What is longer than a screen is not read before a confirmation. Commits, fields of
// one object and characters of one value are cut to these; the rest is counted, and the
// command that shows it is printed.
const (
	mostCommits = 30
	mostFields  = 12
	widest      = 72
)

// signs translate git's status letters (git diff --name-status); any other one is a
// change.
var signs = map[string]string{"A": "+", "D": "-"}

// Print prints what would change, without colors, so that it can be pasted into a pull
// request.
// Broken rules are no part of it; they are in the error (Err).
func (p *Promotion) Print(w io.Writer) {
	fmt.Fprintf(w, "Promote %s (%s) to %s (%s) on %s\n", p.From, repository.Short(p.Commit), p.To, repository.Short(p.Seen), p.Remote)
	if p.Nothing() {
		fmt.Fprintf(w, "\n%s is already at %s: nothing to promote.\n", p.To, repository.Short(p.Commit))
		return
	}
	heading(w, "Commits", len(p.Commits))
	for _, commit := range p.Commits[:min(len(p.Commits), mostCommits)] {
		fmt.Fprintf(w, "  %s  %s  %s\n", repository.Short(commit.Hash), commit.Date.Format("2006-01-02"), commit.Subject)
	}
	if more := len(p.Commits) - mostCommits; more > 0 {
		fmt.Fprintf(w, "  … and %d more: git log %s..%s\n", more, repository.Short(p.Seen), repository.Short(p.Commit))
	}
	heading(w, "Images", len(p.Images))
	for _, image := range p.Images {
		fmt.Fprintf(w, "  %-12s %s -> %s\n", image.Name, brief(image.Before), brief(image.After))
	}
	heading(w, "Manifests of "+p.Overlay, len(p.Objects))
	for _, change := range p.Objects {
		printObject(w, change)
	}
	p.printMigrations(w)
	printFiles(w, "Policies", p.Policies)
	printFiles(w, "Platform", p.Platform)
	if len(p.Notes) > 0 {
		fmt.Fprintln(w)
	}
	for _, note := range p.Notes {
		fmt.Fprintf(w, "Note: %s\n", note)
	}
}

// printFiles lists changed files by path. Their content is left to git diff.
func printFiles(w io.Writer, title string, changes []repository.Change) {
	heading(w, title, len(changes))
	for _, change := range changes {
		fmt.Fprintf(w, "  %s %s\n", cmp.Or(signs[change.Status], "~"), change.Path)
	}
}

// heading says so when nothing changes, since a missing section would leave it open.
func heading(w io.Writer, title string, count int) {
	if count == 0 {
		fmt.Fprintf(w, "\n%s: no change\n", title)
		return
	}
	fmt.Fprintf(w, "\n%s (%d)\n", title, count)
}

// brief is a pin short enough to compare by eye; 12 digits are what docker shows.
func brief(pin string) string {
	if pin == "" {
		return "(none)"
	}
	if hash, ok := strings.CutPrefix(pin, "sha256:"); ok {
		return hash[:min(len(hash), 12)]
	}
	return pin
}

// printObject shows what changes within an object as well: its name alone tells a
// reviewer nothing.
func printObject(w io.Writer, change ObjectChange) {
	image := ""
	if change.Image {
		image = "  (image)"
	}
	fmt.Fprintf(w, "  %s %s%s\n", change.Sign, change.Object, image)
	for _, field := range change.Fields[:min(len(change.Fields), mostFields)] {
		switch {
		case field.Before == "":
			fmt.Fprintf(w, "      + %s: %s\n", field.Path, excerpt(field.After))
		case field.After == "":
			fmt.Fprintf(w, "      - %s: %s\n", field.Path, excerpt(field.Before))
		default:
			fmt.Fprintf(w, "      %s: %s -> %s\n", field.Path, excerpt(field.Before), excerpt(field.After))
		}
	}
	if more := len(change.Fields) - mostFields; more > 0 {
		fmt.Fprintf(w, "      … and %d more fields\n", more)
	}
}

// excerpt cuts a value to the length of a line. It repeats shared/plain because this
// module does not import the workspace's modules.
func excerpt(value string) string {
	if runes := []rune(value); len(runes) > widest {
		return string(runes[:widest]) + "…"
	}
	return value
}

// printMigrations makes an accepted contraction hard to miss: it is the one change that
// no rollback undoes.
func (p *Promotion) printMigrations(w io.Writer) {
	heading(w, "Migrations", len(p.Migrations))
	for _, file := range p.Migrations {
		fmt.Fprintf(w, "  + %s\n", file.Name)
	}
	// Only an accepted contraction takes the way back.
	contracts := false
	for _, finding := range p.Findings {
		mark := "note: "
		if finding.Severity == migration.Accepted {
			mark, contracts = "CONTRACTS: ", true
		}
		fmt.Fprintf(w, "    %s%s\n", mark, finding)
	}
	if contracts {
		fmt.Fprintln(w, "  This promotion cannot be rolled back: the previous release does not work on the new schema.")
	}
}
