package documents

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// The programs, built once from this checkout.
var built = map[string]func() (string, error){
	"operate": sync.OnceValues(func() (string, error) { return build("operate", "gitops/operate", "shared", "migrations") }),
	"release": sync.OnceValues(func() (string, error) { return build("release", "gitops/release") }),
}

// build returns the path of a program in .bin, after make has rebuilt it if necessary.
func build(name string, sources ...string) (string, error) {
	path, err := filepath.Abs(filepath.Join(root, ".bin", name))
	if err != nil {
		return "", err
	}
	if fresh(path, sources) {
		return path, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if output, err := exec.CommandContext(ctx, "make", "-C", root, "--no-print-directory", name).CombinedOutput(); err != nil {
		return "", fmt.Errorf("make %s: %w: %s", name, err, output)
	}
	return path, nil
}

func fresh(program string, sources []string) bool {
	made, err := os.Stat(program)
	if err != nil {
		return false
	}
	newer := false
	for _, folder := range sources {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.HasSuffix(path, "_test.go") {
				return err
			}
			info, err := entry.Info()
			newer = newer || err == nil && info.ModTime().After(made.ModTime())
			return err
		})
		newer = newer || err != nil
	}
	return !newer
}

var helps sync.Map // of what was asked once

type answer struct {
	output string
	err    error
}

// help runs a command with --help. Unknown flags make it fail.
func help(words []string) (string, error) {
	once, _ := helps.LoadOrStore(strings.Join(words, "\x00"), sync.OnceValue(func() answer {
		program, err := built[words[0]]()
		if err != nil {
			return answer{"", err}
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		command := exec.CommandContext(ctx, program, append(slices.Clone(words[1:]), "--help")...)
		command.Env = []string{}
		output, err := command.CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%w: %s", err, output)
		}
		return answer{string(output), err}
	}))
	told := once.(func() answer)()
	return told.output, told.err
}

// explains returns an error if one of our commands does not accept the words. With --help
// Cobra prints the group's help for an unknown subcommand and does not check arguments, so
// both are checked against the usage here. A whole command has every argument.
func explains(words []string, whole bool) error {
	output, err := help(words)
	if err != nil {
		return err
	}
	usage := usage(output)
	given := words
	for len(usage) > 0 && len(given) > 0 && usage[0] == given[0] {
		usage, given = usage[1:], given[1:]
	}
	if flag := slices.IndexFunc(given, func(w string) bool { return strings.HasPrefix(w, "-") }); flag >= 0 {
		given = given[:flag]
	}
	required, most := 0, 0
	for i, u := range usage {
		switch {
		case u == "[flags]":
		case u == "[command]":
			if len(given) > 0 {
				return fmt.Errorf("there is no subcommand %s", given[0])
			}
			if whole && len(words) > 1 && !slices.Contains(words, "--help") {
				return fmt.Errorf("want a subcommand")
			}
		default:
			if !strings.HasPrefix(u, "[") {
				required++
			}
			most++
			if strings.HasSuffix(u, "…") || strings.HasSuffix(u, "...") {
				most = len(words)
			}
			if literal.MatchString(u) && i < len(given) && given[i] != u {
				return fmt.Errorf("takes %s, and not %s", u, given[i])
			}
			if strings.HasPrefix(u, "ENV") && i < len(given) && !slices.Contains([]string{"ENV", "dev", "staging", "prod"}, given[i]) {
				return fmt.Errorf("there is no environment %s", given[i])
			}
		}
	}
	if len(given) > most || whole && len(given) < required {
		return fmt.Errorf("has %d arguments; want %s", len(given), strings.Join(usage, " "))
	}
	return nil
}

var literal = regexp.MustCompile(`^[a-z-]+$`)

// usage returns the words of the first line below Usage.
func usage(output string) []string {
	_, below, _ := strings.Cut(output, "Usage:\n")
	line, _, _ := strings.Cut(below, "\n")
	return strings.Fields(line)
}
