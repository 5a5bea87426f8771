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

// qdrantHelp ends the help of every command that opens Qdrant.
const qdrantHelp = `

QDRANT_URL, QDRANT_API_KEY and QDRANT_COLLECTION_PREFIX (default
sequential-questioning-ENV) name Qdrant and its collections, as they do for functions.`

// memoryCommand groups what concerns Qdrant. Memory is a copy of the database's
// answers, so nothing here can lose data.
func memoryCommand(v variables) *cobra.Command {
	return group("memory", "Take snapshots of memory, or rebuild it", snapshotCommand(v), snapshotsCommand(v), rebuildCommand(v))
}

// collections opens Qdrant and returns the names of memory's collections. Qdrant does
// not know its environment, so DATABASE_URL must be the environment's database. Only
// names with the environment's prefix are returned: one Qdrant may serve several
// environments. The caller closes the server.
// That no collection is found is an error: a wrong prefix would otherwise pass for an empty
// memory.
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
		err = fmt.Errorf("no collection's name begins with %s_", config.Prefix)
	}
	if err != nil {
		_ = server.Close()
		return nil, nil, err
	}
	return server, slices.Sorted(maps.Keys(points)), nil
}

// snapshotCommand takes new snapshots before it deletes old ones. Qdrant writes
// them on its own disk; copying them elsewhere is up to the platform.
// A failure at one collection leaves the snapshots of those before it.
func snapshotCommand(v variables) *cobra.Command {
	var keep string
	var timeout time.Duration
	var dry bool
	command := &cobra.Command{
		Use:   "snapshot ENV",
		Short: "Take a snapshot of each of memory's collections",
		Long: `Restoring a snapshot is faster than rebuilding memory; without one no data is lost.
Qdrant stores it in its snapshots folder.` + applicationHelp + qdrantHelp,
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
			// One limit for all collections: a schedule has to end before its next run.
			ctx, cancel := context.WithTimeout(command.Context(), timeout)
			defer cancel()
			server, names, err := collections(ctx, v, e)
			if err != nil {
				return err
			}
			defer server.Close()
			for _, name := range names {
				if dry {
					fmt.Fprintln(out, "would take a snapshot of", name)
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
					fmt.Fprintln(out, pruned(dry), name, snapshot.Name)
				}
				if err != nil {
					return err
				}
			}
			return nil
		}),
	}
	command.Flags().StringVar(&keep, "keep", "", "then delete snapshots older than this, such as 7d; the newest is always kept")
	command.Flags().DurationVar(&timeout, "timeout", 30*time.Minute, "timeout of the whole command")
	command.Flags().BoolVar(&dry, "dry-run", false, "only print what would be done")
	return command
}

// snapshotsCommand lists what snapshot took, whoever took it. Those of an earlier
// schedule or of Qdrant's own interface are among them.
func snapshotsCommand(v variables) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:     "snapshots ENV",
		Short:   "List the snapshots of memory's collections",
		Long:    `Lists snapshots by collection, newest first.` + applicationHelp + qdrantHelp,
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
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command
}

// minTimeout is the minimum timeout of one request of a rebuild, which no person waits
// for.
const minTimeout = 5 * time.Second

// rebuildCommand reads as the functions' role and writes as the indexer does.
// --fresh is for vectors of another model or size: without it the collection
// refuses them.
// It does not go through collections: a rebuild may be what creates the first one.
func rebuildCommand(v variables) *cobra.Command {
	var fresh, dry bool
	command := &cobra.Command{
		Use:   "rebuild [ENV]",
		Short: "Rebuild memory from the database",
		Long: `Writes the answers of all conversations to Qdrant, and removes points that the database
does not have. It is safe to run at any time, and repeatedly. Without ENV the database must
belong to no environment, as that of the local program, and the prefix of collections is
the functions' own default.` + applicationHelp + qdrantHelp,
		Example: `  operate memory rebuild prod
  operate memory rebuild --fresh    # of the local program with its own Qdrant`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			ctx := command.Context()
			var e environment.Environment // none
			if len(args) > 0 {
				var err error
				if e, err = environment.Parse(args[0]); err != nil {
					return err
				}
			}
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
			// Qdrant is opened first and asked nothing yet: a wrong environment is
			// refused before the first point is written.
			pool, err := application(ctx, v, e)
			if err != nil {
				return err
			}
			from := store.New(pool)
			defer from.Close()
			if dry {
				n, err := from.Count(ctx)
				if err == nil {
					fmt.Fprintf(command.OutOrStdout(), "would rebuild memory from %d conversations\n", n)
				}
				return err
			}
			if fresh {
				// Between this and the end of the rebuild, conversations continue without
				// memory and say so.
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
			fmt.Fprintf(command.OutOrStdout(), "%d conversations, %d answers indexed, %d checked again\n", done.Conversations, done.Answers, done.Stale)
			return nil
		},
	}
	command.Flags().BoolVar(&fresh, "fresh", false, "drop the collection first, for example after a change of the embedding model")
	command.Flags().BoolVar(&dry, "dry-run", false, "only print the number of conversations")
	return command
}
