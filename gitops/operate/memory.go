package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/backup"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
	"github.com/sequential-questioning/sequential-questioning/gitops/operate/vectors"
	"github.com/sequential-questioning/sequential-questioning/shared/memory"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

const qdrantHelp = `

Qdrant is that of QDRANT_URL and QDRANT_API_KEY, and the collections are those of
QDRANT_COLLECTION_PREFIX, by default sequential-questioning-ENV, as functions have them.`

func memoryCommand(v variables) *cobra.Command {
	return group("memory", "Take snapshots of memory, or rebuild it", snapshotCommand(v), snapshotsCommand(v), rebuildCommand(v))
}

// collections opens Qdrant and names memory's collections. Qdrant does not know
// whose it is: the database that is set beside it has to be the environment's.
func collections(ctx context.Context, v variables, e environment.Environment) (*vectors.Server, []string, error) {
	pool, err := application(ctx, v, e)
	if err != nil {
		return nil, nil, err
	}
	pool.Close()
	var config qdrant.Config
	if err := parse(v, e, &config); err != nil {
		return nil, nil, err
	}
	server, err := vectors.Open(config)
	if err != nil {
		return nil, nil, err
	}
	points, err := server.Collections(ctx)
	if err == nil && len(points) == 0 {
		err = fmt.Errorf("there is no collection whose name begins with %s_", config.Prefix)
	}
	if err != nil {
		_ = server.Close()
		return nil, nil, err
	}
	return server, slices.Sorted(maps.Keys(points)), nil
}

func snapshotCommand(v variables) *cobra.Command {
	var keep string
	var timeout time.Duration
	var dry bool
	command := &cobra.Command{
		Use:     "snapshot ENV",
		Short:   "Take a snapshot of each of memory's collections",
		Long:    `A snapshot spares the time that a rebuild of memory takes; nothing is lost without one. It stays where Qdrant keeps snapshots.` + applicationHelp + qdrantHelp,
		Example: `  operate memory snapshot prod --keep 7d`,
		Args:    cobra.ExactArgs(1),
		RunE: of(func(command *cobra.Command, e environment.Environment, _ []string) error {
			out := command.OutOrStdout()
			age := time.Duration(0)
			if keep != "" {
				var err error
				if age, err = backup.ParseAge(keep); err != nil {
					return fmt.Errorf("--keep: %w", err)
				}
			}
			ctx, cancel := context.WithTimeout(command.Context(), timeout)
			defer cancel()
			server, names, err := collections(ctx, v, e)
			if err != nil {
				return err
			}
			defer server.Close()
			for _, name := range names {
				if dry {
					fmt.Fprintln(out, "would have taken a snapshot of", name)
				} else {
					progress(command)("taking a snapshot of " + name)
					made, err := server.Take(ctx, name)
					if err != nil {
						return err
					}
					fmt.Fprintf(out, "%s %s: %d bytes\n", name, made.Name, made.Bytes)
				}
				if keep == "" {
					continue
				}
				removed, err := server.Prune(ctx, name, age, time.Now(), dry)
				for _, snapshot := range removed {
					if dry {
						fmt.Fprint(out, "would have ")
					}
					fmt.Fprintln(out, "removed", name, snapshot.Name)
				}
				if err != nil {
					return err
				}
			}
			return nil
		}),
	}
	command.Flags().StringVar(&keep, "keep", "", "then delete snapshots older than this, such as 7d; the newest always stays")
	command.Flags().DurationVar(&timeout, "timeout", 30*time.Minute, "how long all of it may take")
	command.Flags().BoolVar(&dry, "dry-run", false, "only say what would be done")
	return command
}

func snapshotsCommand(v variables) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:     "snapshots ENV",
		Short:   "List the snapshots of memory's collections",
		Long:    `Lists snapshots, each collection's newest first.` + applicationHelp + qdrantHelp,
		Example: `  operate memory snapshots prod`,
		Args:    cobra.ExactArgs(1),
		RunE: of(func(command *cobra.Command, e environment.Environment, _ []string) error {
			ctx := command.Context()
			server, names, err := collections(ctx, v, e)
			if err != nil {
				return err
			}
			defer server.Close()
			all := []vectors.Snapshot{}
			for _, name := range names {
				listed, err := server.List(ctx, name)
				if err != nil {
					return err
				}
				all = append(all, listed...)
			}
			if asJSON {
				return writeJSON(command.OutOrStdout(), all)
			}
			table := tabwriter.NewWriter(command.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "COLLECTION\tSNAPSHOT\tCREATED\tBYTES")
			for _, s := range all {
				fmt.Fprintf(table, "%s\t%s\t%s\t%d\n", s.Collection, s.Name, s.CreatedAt.UTC().Format(time.RFC3339), s.Bytes)
			}
			return table.Flush()
		}),
	}
	command.Flags().BoolVar(&asJSON, "json", false, "for programs")
	return command
}

// minTimeout is what one request of a rebuild may take at least: nobody waits for
// it.
const minTimeout = 5 * time.Second

func rebuildCommand(v variables) *cobra.Command {
	var fresh, dry bool
	command := &cobra.Command{
		Use:   "rebuild ENV",
		Short: "Rebuild memory from the database",
		Long: `Writes what conversations hold to Qdrant, and deletes there what the database does not
have. It may run while questions are asked, and any number of times.` + applicationHelp + qdrantHelp,
		Example: `  operate memory rebuild prod`,
		Args:    cobra.ExactArgs(1),
		RunE: of(func(command *cobra.Command, e environment.Environment, _ []string) error {
			ctx := command.Context()
			var settings memory.Settings
			if err := parse(v, e, &settings); err != nil {
				return err
			}
			settings.Qdrant.Timeout = max(settings.Qdrant.Timeout, minTimeout)
			m, err := settings.Open()
			if err != nil {
				return err
			}
			defer m.Close()
			if !m.Configured() {
				return memory.ErrNotConfigured
			}
			pool, err := application(ctx, v, e)
			if err != nil {
				return err
			}
			from := store.New(pool)
			defer from.Close()
			if dry {
				n, err := from.Count(ctx)
				if err == nil {
					fmt.Fprintf(command.OutOrStdout(), "would have rebuilt memory from %d conversations\n", n)
				}
				return err
			}
			if fresh {
				if err := m.Drop(ctx); err != nil {
					return err
				}
			}
			shown := time.Now()
			done, err := m.Rebuild(ctx, from, func(r memory.Rebuilt) {
				if time.Since(shown) > time.Second {
					shown = time.Now()
					progress(command)(fmt.Sprintf("%d conversations, %d answers", r.Conversations, r.Answers))
				}
			})
			if err != nil {
				return fmt.Errorf("after %d conversations: %w", done.Conversations, err)
			}
			fmt.Fprintf(command.OutOrStdout(), "%d conversations, %d answers remembered, %d checked again\n", done.Conversations, done.Answers, done.Stale)
			return nil
		}),
	}
	command.Flags().BoolVar(&fresh, "fresh", false, "drop the collection first, as for vectors of another model")
	command.Flags().BoolVar(&dry, "dry-run", false, "only say from how much")
	return command
}
