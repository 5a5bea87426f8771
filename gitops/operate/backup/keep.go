package backup

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
)

// Prune removes an environment's backups that are older than age and returns them.
// It keeps the newest backup whose file has the size in its manifest, and all newer
// ones. So however wrong age is, one intact backup stays. A size that differs from
// the manifest's shows an upload that was cut off.
// now is passed so that tests need not wait. In a dry run it returns what it would remove.
func (s *Store) Prune(ctx context.Context, e environment.Environment, age time.Duration, now time.Time, dry bool) ([]Manifest, error) {
	all, err := s.List(ctx, e)
	if err != nil {
		return nil, err
	}
	objects, err := s.objects(ctx, e)
	if err != nil {
		return nil, err
	}
	var removed []Manifest
	kept := false
	for _, m := range all {
		if !kept || now.Sub(m.Time) <= age {
			kept = kept || objects[m.File].size == m.Size
			continue
		}
		if !dry {
			if err := s.remove(ctx, m); err != nil {
				return removed, err
			}
		}
		removed = append(removed, m)
	}
	return removed, s.sweep(ctx, objects, now, dry)
}

// abandoned is the age from which a file without a manifest counts as interrupted. No
// backup that is still being written is that old.
const abandoned = 48 * time.Hour

// sweep removes the files of interrupted backups. Without it, each failed backup would
// be paid for without end.
// Files that are neither dumps nor manifests are not touched.
func (s *Store) sweep(ctx context.Context, objects map[string]object, now time.Time, dry bool) error {
	for key, there := range objects {
		if _, finished := objects[manifestOf(key)]; finished || !strings.HasSuffix(key, dumpSuffix) || now.Sub(there.written) < abandoned || dry {
			continue
		}
		if err := s.bucket.Delete(ctx, key); err != nil {
			return fmt.Errorf("remove %s: %w", key, err)
		}
	}
	return nil
}

// ParseAge reads an age such as 30d or 12h. A day has 24 hours here.
// Zero and less are refused, since they would remove all but the newest.
func ParseAge(text string) (time.Duration, error) {
	age, err := time.ParseDuration(text)
	if days, found := strings.CutSuffix(text, "d"); found {
		var n int
		n, err = strconv.Atoi(days)
		age = time.Duration(n) * 24 * time.Hour
	}
	if err == nil && age <= 0 {
		err = errors.New("not positive")
	}
	if err != nil {
		return 0, fmt.Errorf("%q is not an age: want, for example, 30d or 12h", text)
	}
	return age, nil
}
