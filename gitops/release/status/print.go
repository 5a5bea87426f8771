package status

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/repository"
)

// Print prints environments as text. The text is for people and may change; scripts
// read the JSON.
func Print(w io.Writer, environments []Environment) {
	for i, environment := range environments {
		if i > 0 {
			fmt.Fprintln(w)
		}
		environment.print(w)
	}
}

// print shows what differs from the ordinary in lines of their own, so that an
// environment without trouble is short. Problems come before the table: a missing
// column is explained by then.
func (e Environment) print(w io.Writer) {
	if !e.Installed {
		fmt.Fprintf(w, "%s: not installed (no Application %s that this account may read)\n", e.Name, e.Application)
		return
	}
	fmt.Fprintf(w, "%s: %s, %s, auto-sync %s\n", e.Name, e.Sync, e.Health, e.AutoSync)
	fmt.Fprintf(w, "  runs       %s\n", strings.TrimSpace(repository.Short(e.Revision)+"  "+e.Subject))
	// A branch that is elsewhere is what is deployed next, or what a rollback holds
	// back.
	if e.Head != e.Revision {
		fmt.Fprintf(w, "  branch     %s is at %s\n", e.Branch, repository.Short(e.Head))
	}
	if e.AutoSync == "suspended" {
		fmt.Fprintf(w, "  rollback   to %s; to resume: release rollback --resume --app %s\n", repository.Short(e.Revision), e.Application)
	}
	if operation := e.Operation; operation != nil {
		when := operation.Started
		if operation.Finished != nil {
			when = *operation.Finished
		}
		line := fmt.Sprintf("%s to %s", operation.Phase, repository.Short(operation.Revision))
		if !when.IsZero() {
			line += " at " + when.Local().Format(time.DateTime)
		}
		if operation.Phase != "Succeeded" && operation.Message != "" {
			line += ": " + operation.Message
		}
		fmt.Fprintf(w, "  last sync  %s\n", line)
	}
	for _, problem := range e.Problems {
		fmt.Fprintf(w, "  problem    %s\n", problem)
	}
	if len(e.Functions) == 0 {
		fmt.Fprintln(w, "  no functions")
		return
	}
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "  FUNCTION\tREVISION\tDIGEST\tPINNED\tREADY\tPODS\t")
	for _, function := range e.Functions {
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\t%s\t%s\n", function.Name, or(function.Revision), or(function.Digest),
			yes(function.Pinned), yes(function.Ready), function.pods(), function.Problem)
	}
	table.Flush()
}

// pods is one number while all pods are ready. None is ordinary: functions rest at
// zero.
func (f Function) pods() string {
	if f.Pods == f.PodsUp {
		return fmt.Sprint(f.Pods)
	}
	return fmt.Sprintf("%d of %d", f.PodsUp, f.Pods)
}

// or shows a dash for what is unknown or absent, so that a table has no holes.
func or(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// yes shouts where it is not, to be seen in a table.
func yes(is bool) string {
	if is {
		return "yes"
	}
	return "NO"
}
