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
	"syscall"
	"time"
)

// readings configures the measurement of readings. Half a is for looking at: whoever
// improves the parser by what it reads wrongly confirms the gain on half b, which they
// have not looked at.
type readings struct {
	folder string
	half   string // "a", "b", or "" for all
	wrong  string // file for what was read wrongly or not at all
}

// longestLine bounds a line of the data, in bytes. A scanner's usual 64 KiB would stop
// at a longer one.
const longestLine = 1 << 20

// lines returns the lines of the half that is measured. A line belongs to half a or b
// by a hash of its bytes, so that both halves are of the same kind. A line keeps its
// half when others are added or sorted otherwise. The hash also names the line in what
// is written out.
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

// judges maps prefixes of file names to the functions that judge them. The prefix
// says the format: dialogues, bookings, single values.
var judges = []struct {
	prefix string
	judge  func([]line) ([]judged, error)
}{{"sgd_", judgeDialogues}, {"r8k_", judgeBookings}, {"values_", judgeValues}}

// measureReadings reads every file of data in the folder and says what was read
// right, asked again, and silently wrong. Files are read in the order of their
// names, and what belongs to no judge is ignored. Nothing of the data is kept or
// printed, except by writeWrong.
// An empty folder is an error: a table without rows would look like a result.
func measureReadings(r readings) ([]table, error) {
	paths, err := filepath.Glob(filepath.Join(r.folder, "*.jsonl"))
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	var all []judged
	began := processorTime()
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
	took := processorTime() - began
	all, left, err := withoutDisputed(all)
	if err != nil {
		return nil, err
	}
	if err := r.writeWrong(all); err != nil {
		return nil, err
	}
	return readingTables(all, left, took), nil
}

// processorTime is what this process has used of the processors so far. The clock on
// the wall would also count what else the machine does. So the time for a reading
// compares between a busy machine and a quiet one.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// writeWrong writes the wrong readings, one JSON object per line, silently wrong
// ones first. It contains people's words, so only the owner may read the file.
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
