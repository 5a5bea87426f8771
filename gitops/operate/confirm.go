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

// confirm has the environment's name typed on the terminal. Where there is none,
// nobody can agree.
func confirm(ctx context.Context, command *cobra.Command, name string) error {
	input, ok := command.InOrStdin().(*os.File)
	if !ok || !term.IsTerminal(int(input.Fd())) {
		return errors.New("there is no terminal to ask on: add --yes, or --dry-run to only look")
	}
	fmt.Fprintf(command.ErrOrStderr(), "Type %s to go ahead: ", name)
	answered := make(chan string, 1)
	go func() {
		answer, _ := bufio.NewReader(input).ReadString('\n')
		answered <- answer
	}()
	select {
	case <-ctx.Done():
		return errors.New("interrupted; nothing was changed")
	case answer := <-answered:
		if strings.TrimSpace(answer) != name {
			return errors.New("not confirmed; nothing was changed")
		}
	}
	return nil
}
