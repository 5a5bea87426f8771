package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// State is what there is of a data folder that processes share.
type State struct {
	Major        int          // version that made the data; zero for none yet
	Installation Installation // that serves the data, or would
	Kept         bool         // a keeper runs
	URL          string       // of the running server; empty where none answers
	Log          string       // file with what the keeper printed
}

// Inspect looks at a data folder and changes nothing. With an error, the state holds
// what was found before.
func Inspect(ctx context.Context, dir string) (State, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return State{}, fmt.Errorf("find data folder: %w", err)
	}
	s := State{Log: keeperLog(dir)}
	data := filepath.Join(dir, dataName)
	if s.Major, err = madeBy(data); err != nil {
		return s, err
	}
	if s.Installation, err = choose(dir, s.Major); err != nil {
		return s, err
	}
	if _, err := account(data); err != nil {
		return s, err
	}
	j := &Joined{dir: dir}
	if _, err := os.Stat(keeperFile(dir)); errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if s.Kept, err = j.kept(); err != nil {
		return s, err
	}
	if s.Kept && j.answers(ctx) {
		s.URL = j.URL()
	}
	return s, nil
}
