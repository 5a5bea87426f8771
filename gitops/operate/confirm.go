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

// confirm asks the operator to type the environment's name, which a habit of answering
// y does not. Without a terminal it fails: a script has to say --yes. Reading cannot be
// interrupted, so it happens in a goroutine that ends with the process.
// It is for what replaces the data that production serves; other commands need none.
func confirm(ctx context.Context, command *cobra.Command, name string) error {
	input, ok := command.InOrStdin().(*os.File)
	if !ok || !term.IsTerminal(int(input.Fd())) {
		return errors.New("cannot ask for confirmation without a terminal: add --yes, or --dry-run")
	}
	fmt.Fprintf(command.ErrOrStderr(), "Type %s to continue: ", name)
	answered := make(chan string, 1)
	go func() {
		answer, _ := bufio.NewReader(input).ReadString('\n')
		answered <- answer
	}()
	select {
	case <-ctx.Done():
		return errors.New("interrupted; nothing was changed")
	case answer := <-answered:
		// The end of the input counts as another answer.
		if strings.TrimSpace(answer) != name {
			return errors.New("not confirmed; nothing was changed")
		}
	}
	return nil
}
