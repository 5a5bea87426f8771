// Command ask runs the function as a program.
package main

import (
	ask "github.com/sequential-questioning/sequential-questioning/functions/ask"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
)

func main() { function.Main(ask.New()) }
