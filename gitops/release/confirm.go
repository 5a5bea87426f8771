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

// confirm asks the question on the terminal. Without a terminal it fails. It fails
// closed: everything but y or yes, the end of input included, means no. The answer is
// read in a goroutine because a read of a terminal cannot be cancelled; the goroutine
// ends with the process.
// Its error says that nothing was changed: call it before the first change.
func confirm(ctx context.Context, command *cobra.Command, question string) error {
	// Without a terminal a script would wait for ever.
	input, ok := command.InOrStdin().(*os.File)
	if !ok || !term.IsTerminal(int(input.Fd())) {
		return errors.New("cannot ask for confirmation without a terminal: add --yes, or --dry-run")
	}
	// The question goes to stderr: standard output may be piped.
	fmt.Fprintf(command.ErrOrStderr(), "%s [y/N] ", question)
	answered := make(chan string, 1)
	go func() {
		answer, _ := bufio.NewReader(input).ReadString('\n')
		answered <- answer
	}()
	select {
	case <-ctx.Done():
		return errors.New("interrupted; nothing was changed")
	case answer := <-answered:
		if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
			return errors.New("not confirmed; nothing was changed")
		}
	}
	return nil
}
