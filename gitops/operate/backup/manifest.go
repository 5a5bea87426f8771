// Package backup writes a database to a folder or to object storage, with a manifest
// that a restored copy is verified against. Begin with Take and Store; package restore
// has the way back.
package backup

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
)

// Format is the version of the manifest format. A command refuses other versions
// rather than guess at their meaning.
// Raise it when a field changes its meaning; new fields that may be absent do not.
const Format = 1

// Manifest describes a backup. It is written last, so a file without one is an
// incomplete backup and is not listed. Its field names are part of the format.
type Manifest struct {
	Format      int                     `json:"format"`
	Environment environment.Environment `json:"environment"`
	Time        time.Time               `json:"time"` // of the snapshot; later commits are not included
	Database    string                  `json:"database"`
	Server      string                  `json:"server"` // server version
	Major       int                     `json:"major"`
	File        string                  `json:"file"`
	Size        int64                   `json:"size"`
	SHA256      string                  `json:"sha256"`
	Content     Content                 `json:"content"`
}

// Rows returns the number of rows in all tables.
func (m Manifest) Rows() int64 {
	var n int64
	for _, t := range m.Content.Tables {
		n += t.Rows
	}
	return n
}

// Differences lists, in words, how other differs from c; nil if they are equal. c
// is what is wanted. The texts name tables and kinds of objects, never values.
// One table is reported once, by the coarsest difference.
func (c Content) Differences(other Content) []string {
	var different []string
	if c.Migration != other.Migration {
		different = append(different, fmt.Sprintf("migration %d instead of %d", other.Migration, c.Migration))
	}
	for _, name := range names(c.Tables, other.Tables) {
		want, wanted := c.Tables[name]
		got, there := other.Tables[name]
		switch {
		case !there:
			different = append(different, "missing table "+name)
		case !wanted:
			different = append(different, "unexpected table "+name)
		case got.Rows != want.Rows:
			different = append(different, fmt.Sprintf("%d rows in %s instead of %d", got.Rows, name, want.Rows))
		case got.Digest != want.Digest:
			different = append(different, "different values in "+name)
		}
	}
	for _, kind := range names(c.Structure, other.Structure) {
		if c.Structure[kind] != other.Structure[kind] {
			different = append(different, "other "+kind)
		}
	}
	return different
}

// names are the keys of both maps, sorted, each once.
func names[V any](a, b map[string]V) []string {
	all := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(all)
	return slices.Compact(all)
}

const (
	// stamp sorts by time as text. Times are cut to its accuracy, so that a name
	// and a manifest agree.
	stamp    = "20060102T150405.000Z"
	accuracy = time.Millisecond
)

// Stamp formats a time as in the names of backups.
func Stamp(t time.Time) string { return t.UTC().Format(stamp) }

// ParseTime reads a time in RFC 3339 or as in the names of backups. It refuses a time
// without a zone, which would be ambiguous.
func ParseTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "20060102T150405Z"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time: want, for example, 2026-11-23T13:00:00Z (the zone is required), or a backup's name", text)
}
