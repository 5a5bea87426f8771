package migration

import "fmt"

// Severity is what a finding means for a promotion.
type Severity int

const (
	// Note is information; it breaks nothing.
	Note Severity = iota
	// Refusal would break the previous release.
	Refusal
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
	where := f.File
	if f.Line > 0 {
		where = fmt.Sprintf("%s:%d", f.File, f.Line)
	}
	if f.Remedy == "" {
		return where + ": " + f.Problem
	}
	return where + ": " + f.Problem + ": " + f.Remedy
}

// Refused returns the findings that block a promotion. Notes and accepted findings are
// shown, and block nothing.
func Refused(findings []Finding) []Finding {
	var refused []Finding
	for _, finding := range findings {
		if finding.Severity == Refusal {
			refused = append(refused, finding)
		}
	}
	return refused
}
