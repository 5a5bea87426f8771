package status

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/argocd"
)

// Print prints environments as text for people; scripts read the JSON. What differs from
// the ordinary has a line of its own, so that an environment without trouble is short.
func Print(w io.Writer, environments []Environment) {
	for _, e := range environments {
		if !e.Installed {
			fmt.Fprintf(w, "%s: not installed (no Application %s that this account may read)\n\n", e.Name, e.Application)
			continue
		}
		fmt.Fprintf(w, "%s: %s, %s, auto-sync %s\n", e.Name, e.Sync, e.Health, e.AutoSync)
		fmt.Fprintf(w, "  runs       %s\n", strings.TrimSpace(argocd.Short(e.Revision)+"  "+e.Subject))
		// This is what is deployed next, or what a rollback holds back.
		if e.Head != e.Revision {
			fmt.Fprintf(w, "  branch     %s is at %s\n", e.Branch, argocd.Short(e.Head))
		}
		if e.AutoSync == "suspended" {
			fmt.Fprintf(w, "  rollback   to %s; to resume: release rollback --resume --app %s\n", argocd.Short(e.Revision), e.Application)
		}
		if e.LastSync != "" {
			fmt.Fprintf(w, "  last sync  %s\n", e.LastSync)
		}
		for _, problem := range e.Problems {
			fmt.Fprintf(w, "  problem    %s\n", problem)
		}
		table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
		fmt.Fprintln(table, "  FUNCTION\tREVISION\tDIGEST\tPINNED\tREADY\tPODS\t")
		for _, f := range e.Functions {
			pods := fmt.Sprint(f.Pods)
			if f.Pods != f.PodsUp {
				pods = fmt.Sprintf("%d of %d", f.PodsUp, f.Pods)
			}
			// A dash for what is absent, and NO to be seen.
			fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.Name, cmp.Or(f.Revision, "-"), cmp.Or(f.Digest, "-"), yes[f.Pinned], yes[f.Ready], pods, f.Problem)
		}
		_ = table.Flush()
		fmt.Fprintln(w)
	}
}

var yes = map[bool]string{true: "yes", false: "NO"}
