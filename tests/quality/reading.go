package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// verdict is the result for one value that a person said.
type verdict string

const (
	right  verdict = "right"
	asked  verdict = "asked again"    // nothing is stored, for any reason
	silent verdict = "silently wrong" // something is stored that was not said
)

// The sections of the tables of readings.
const (
	askedSection   = "asked"   // a question was put, and the reply answers it
	toldSection    = "told"    // nobody asked: offered as an assumption, or not
	noValueSection = "novalue" // no single value is said: a range, a bound, a period
)

// judged is one value of the data with its reading.
type judged struct {
	Section string   `json:"section"`
	Set     string   `json:"set"` // the data set and what of it
	Type    string   `json:"type"`
	Lang    string   `json:"lang"`
	Verdict verdict  `json:"verdict"`
	Slot    string   `json:"slot,omitempty"`
	Asked   string   `json:"question,omitempty"`
	Words   string   `json:"words"`
	Read    any      `json:"read,omitempty"`
	Problem string   `json:"problem,omitempty"`
	Want    []string `json:"want"`
	// Offered reports that a value was proposed, for values told without a question.
	Offered bool `json:"offered,omitempty"`
	// Untold reports that the data have no such value.
	Untold bool `json:"untold,omitempty"`
	// Line identifies the line of the data; see disputed.
	Line string `json:"line"`
}

// readings configures the measurement of readings.
type readings struct {
	folder string
	half   string // "a", "b", or "" for all
	wrong  string // file for what was read wrongly or not at all
}

// line is one line of a file of data.
type line struct {
	id   string
	data []byte
}

// longestLine bounds a line of the data, in bytes.
const longestLine = 1 << 20

// lines returns the lines of the half that is measured. A line belongs to half
// a or b by a hash of its bytes, so that both halves are of the same kind.
func (r readings) lines(path string) ([]line, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var all []line
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, longestLine)
	for scanner.Scan() {
		data := bytes.TrimSpace(scanner.Bytes())
		if len(data) == 0 {
			continue
		}
		hash := fnv.New64a()
		hash.Write(data)
		half := "a"
		if hash.Sum64()>>32&1 == 1 {
			half = "b"
		}
		if r.half == "" || r.half == half {
			all = append(all, line{fmt.Sprintf("%016x", hash.Sum64()), bytes.Clone(data)})
		}
	}
	return all, scanner.Err()
}

// decodeLines decodes each of the lines, as JSON, into a T.
func decodeLines[T any](lines []line) ([]T, error) {
	all := make([]T, len(lines))
	for i, l := range lines {
		if err := json.Unmarshal(l.data, &all[i]); err != nil {
			return nil, fmt.Errorf("line %s: %w", l.id, err)
		}
	}
	return all, nil
}

// judges maps prefixes of file names to the functions that judge them.
var judges = []struct {
	prefix string
	judge  func([]line) ([]judged, error)
}{{"sgd_", judgeDialogues}, {"r8k_", judgeBookings}, {"values_", judgeValues}}

// measureReadings reads every file of data in the folder and says what was read
// right, asked again, and silently wrong.
func measureReadings(r readings) ([]table, error) {
	paths, err := filepath.Glob(filepath.Join(r.folder, "*.jsonl"))
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	var all []judged
	began := time.Now()
	for _, path := range paths {
		for _, kind := range judges {
			if !strings.HasPrefix(filepath.Base(path), kind.prefix) {
				continue
			}
			lines, err := r.lines(path)
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", path, err)
			}
			some, err := kind.judge(lines)
			if err != nil {
				return nil, fmt.Errorf("judge %s: %w", path, err)
			}
			all = append(all, some...)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s has no lines of sgd_*, r8k_* or values_*.jsonl", r.folder)
	}
	took := time.Since(began)
	all, left, err := withoutDisputed(all)
	if err != nil {
		return nil, err
	}
	if err := r.writeWrong(all); err != nil {
		return nil, err
	}
	return readingTables(all, left, took), nil
}

// writeWrong writes the wrong readings, one JSON object per line, silently wrong ones first.
func (r readings) writeWrong(all []judged) error {
	if r.wrong == "" {
		return nil
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	for _, which := range []verdict{silent, asked} {
		for _, j := range all {
			if j.Verdict == which {
				if err := encoder.Encode(j); err != nil {
					return fmt.Errorf("encode line %s: %w", j.Line, err)
				}
			}
		}
	}
	return os.WriteFile(r.wrong, b.Bytes(), 0o600)
}

// judge compares what was read with what was said. A reading that stores
// nothing asks again.
func (j judged) judge(read understood, want []string) judged {
	j.Want, j.Read, j.Problem = want, read.Value, read.Problem
	switch {
	case !read.stored():
		j.Verdict = asked
	case read.means(questioning.Type(j.Type), want):
		j.Verdict = right
	default:
		j.Verdict = silent
		if read.Value == nil {
			j.Read = read.Outcome
		}
	}
	return j
}
