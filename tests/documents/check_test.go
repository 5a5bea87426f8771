package documents

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// ran maps commands that a test runs verbatim to the test. GOOD stands for a commit.
var ran = map[string]string{
	"git fetch origin prod":           lasting,
	"git switch prod":                 lasting,
	"git merge --ff-only origin/prod": lasting,
	"git commit -m Roll back to GOOD": lasting,
	"git push origin prod":            lasting,
	"git restore --source=GOOD --staged --worktree -- . :!migrations/*.sql": lasting,
}

const lasting = "gitops/release/rollback/lasting_test.go TestThePrintedCommandsMakeARollbackPermanent"

// check returns an error for an invalid command. known reports whether more than its paths
// was checked.
func check(words []string, whole bool) (known bool, err error) {
	for _, w := range words {
		if named.MatchString(w) && !exists(w) {
			return true, fmt.Errorf("there is no %s", w)
		}
	}
	switch program := words[0]; {
	case program == "operate" || program == "release":
		return true, explains(words, whole)
	case program == "make":
		return true, makes(words)
	case program == "kubectl" && applied(words) != "":
		return true, builds(applied(words))
	case program == "go" && len(words) == 3 && (words[1] == "run" || words[1] == "test"):
		if folder := strings.TrimSuffix(words[2], "/..."); !exists(folder) {
			return true, fmt.Errorf("there is no %s", folder)
		}
		return true, nil
	case named.MatchString(program):
		info, err := os.Stat(filepath.Join(root, program))
		if err == nil && info.Mode()&0o111 == 0 {
			err = fmt.Errorf("%s cannot be run", program)
		}
		return true, err
	}
	_, known = ran[strings.Join(words, " ")]
	return known, nil
}

var target = regexp.MustCompile(`(?m)^([a-z][a-z0-9-]*):`)

func makes(words []string) error {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		return err
	}
	for _, w := range words[1:] {
		if assignment.MatchString(w) {
			continue
		}
		found := false
		for _, match := range target.FindAllStringSubmatch(string(makefile), -1) {
			found = found || match[1] == w
		}
		if !found {
			return fmt.Errorf("the Makefile has no target %s", w)
		}
	}
	return nil
}

// applied returns the folder of kubectl -k.
func applied(words []string) string {
	for i, w := range words {
		if w == "-k" && i+1 < len(words) {
			return words[i+1]
		}
	}
	return ""
}

func builds(folder string) error {
	_, err := os.Stat(filepath.Join(root, folder, "kustomization.yaml"))
	return err
}
