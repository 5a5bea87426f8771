package migration

import "fmt"

// Severity tells what a finding means for a promotion.
type Severity int

const (
	// Note is worth knowing and breaks nothing.
	Note Severity = iota
	// Refusal would break the previous release.
	Refusal
	// Accepted would break the previous release, and the migration says why it may.
	Accepted
)

// Finding is one thing a migration does, and what would be right instead.
type Finding struct {
	File     string
	Line     int // zero when it is about the file as a whole
	Severity Severity
	Problem  string
	Remedy   string
}

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

// Refused returns the findings that stand in the way of a promotion.
func Refused(findings []Finding) []Finding {
	var refused []Finding
	for _, finding := range findings {
		if finding.Severity == Refusal {
			refused = append(refused, finding)
		}
	}
	return refused
}
