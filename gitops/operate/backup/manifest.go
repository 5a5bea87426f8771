// Package backup writes a database to a folder or to object storage, with a
// manifest by which a restored one is judged.
package backup

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
)

// Format is the manifests' version.
const Format = 1

// Manifest is what is known of a backup. It is written last: a backup without one
// is not listed.
type Manifest struct {
	Format      int                     `json:"format"`
	Environment environment.Environment `json:"environment"`
	Time        time.Time               `json:"time"` // of the snapshot: what was committed later is not in it
	Database    string                  `json:"database"`
	Server      string                  `json:"server"` // its version
	Major       int                     `json:"major"`
	File        string                  `json:"file"`
	Size        int64                   `json:"size"`
	SHA256      string                  `json:"sha256"`
	Content     Content                 `json:"content"`
}

// Rows counts all rows.
func (m Manifest) Rows() int64 {
	var n int64
	for _, t := range m.Content.Tables {
		n += t.Rows
	}
	return n
}

// Differences says what of the content is not as in another; nothing when they
// are the same.
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
			different = append(different, "no table "+name)
		case !wanted:
			different = append(different, "a table "+name+" too many")
		case got.Rows != want.Rows:
			different = append(different, fmt.Sprintf("%d rows in %s instead of %d", got.Rows, name, want.Rows))
		case got.Digest != want.Digest:
			different = append(different, "other values in "+name)
		}
	}
	for _, kind := range names(c.Structure, other.Structure) {
		if c.Structure[kind] != other.Structure[kind] {
			different = append(different, "other "+kind)
		}
	}
	return different
}

func names[V any](a, b map[string]V) []string {
	all := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(all)
	return slices.Compact(all)
}

const (
	stamp    = "20060102T150405.000Z"
	accuracy = time.Millisecond
)

// Stamp is a time as backups are named by it.
func Stamp(t time.Time) string { return t.UTC().Format(stamp) }

// ParseTime reads a time as RFC 3339 or as backups are named. Without a zone it
// would be anybody's guess.
func ParseTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "20060102T150405Z"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: want one with its zone, such as 2026-11-23T13:00:00Z, or a backup's name", text)
}
