package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// exportCommand gives a person, or who asks for one, what is held of that person. Rows
// are written as they are read, so a user of any size takes no memory. A command that
// fails leaves JSON that does not end, which no program takes for whole.
// The export itself is recorded in the audit trail, whether or not functions record there.
func exportCommand(v variables) *cobra.Command {
	var user, whose string
	command := &cobra.Command{
		Use:   "export ENV",
		Short: "Write everything that is held of a user as JSON",
		Long: `Writes every row of the database that is held of a user, by table, as of one moment:
conversations with questions, answers and messages, results kept for repeated calls,
pending forms, events that wait, and what the user's answers add to statistics. Memory
holds copies of the answers.

The user is the user_id that clients send, and the principal is the subject of the
client's token; without tokens it is "` + principal.Local + `".` + applicationHelp,
		Example: `  operate export prod --user ada --principal client-7 > ada.json`,
		Args:    cobra.ExactArgs(1),
		RunE: of(func(command *cobra.Command, e environment.Environment, _ []string) error {
			if user == "" {
				return errors.New("--user is missing: name the user_id")
			}
			pool, err := application(command.Context(), v, e)
			if err != nil {
				return err
			}
			s := store.New(pool)
			defer s.Close()
			out := &document{out: bufio.NewWriter(command.OutOrStdout())}
			if err := s.Export(principal.With(command.Context(), whose), user, out.row); err != nil {
				return err
			}
			if err := out.end(); err != nil {
				return err
			}
			progress(command)(fmt.Sprintf("%d rows.", out.rows))
			return nil
		}),
	}
	command.Flags().StringVar(&user, "user", "", "the user's `id`")
	command.Flags().StringVar(&whose, "principal", principal.Local, "the `principal` whose user it is")
	return command
}

// document writes rows as one JSON object of arrays by table, as they come. Rows of one
// table follow each other. Write errors are kept by the writer and reported by end.
type document struct {
	out   *bufio.Writer
	table string
	rows  int
}

// row writes one row. The table's name and the commas between rows depend on the row
// before.
func (d *document) row(table string, row json.RawMessage) error {
	switch {
	case d.table == "":
		_, _ = fmt.Fprintf(d.out, "{\n  %q: [\n    ", table)
	case d.table != table:
		_, _ = fmt.Fprintf(d.out, "\n  ],\n  %q: [\n    ", table)
	default:
		_, _ = io.WriteString(d.out, ",\n    ")
	}
	d.table = table
	d.rows++
	_, err := d.out.Write(row) // it keeps the first error
	return err
}

// end closes the document and reports the first error of any write.
func (d *document) end() error {
	if d.table == "" {
		_, _ = io.WriteString(d.out, "{}\n")
	} else {
		_, _ = io.WriteString(d.out, "\n  ]\n}\n")
	}
	return d.out.Flush()
}
