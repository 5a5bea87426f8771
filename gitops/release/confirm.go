package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// asking has the flags of a command that changes something.
type asking struct{ dry, yes bool }

func (a *asking) flags(command *cobra.Command) {
	command.Flags().BoolVar(&a.dry, "dry-run", false, "only print what would be done")
	command.Flags().BoolVarP(&a.yes, "yes", "y", false, "do not ask for confirmation")
}

// stop reports whether the command ends before its first change: after a dry run, or when
// the person does not confirm, which is the error.
func (a *asking) stop(command *cobra.Command, question string) (bool, error) {
	if a.dry {
		fmt.Fprintln(command.OutOrStdout(), "Dry run: nothing was changed.")
		return true, nil
	}
	if a.yes {
		return false, nil
	}
	err := confirm(command.Context(), command, question)
	return err != nil, err
}

// confirm asks the question on the terminal. Without a terminal it fails: a script would
// wait for ever. Everything but y or yes, the end of input included, means no. The answer
// is read in a goroutine because a read of a terminal cannot be cancelled; the goroutine
// ends with the process.
func confirm(ctx context.Context, command *cobra.Command, question string) error {
	input, ok := command.InOrStdin().(*os.File)
	if !ok || !term.IsTerminal(int(input.Fd())) {
		return errors.New("cannot ask for confirmation without a terminal: add --yes, or --dry-run")
	}
	// The question goes to stderr: standard output may be piped.
	fmt.Fprintf(command.ErrOrStderr(), "%s [y/N] ", question)
	answered := make(chan string, 1)
	go func() {
		answer, _ := bufio.NewReader(input).ReadString('\n')
		answered <- strings.ToLower(strings.TrimSpace(answer))
	}()
	select {
	case <-ctx.Done():
		return errors.New("interrupted; nothing was changed")
	case answer := <-answered:
		if answer != "y" && answer != "yes" {
			return errors.New("not confirmed; nothing was changed")
		}
	}
	return nil
}
