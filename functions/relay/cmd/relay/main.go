// Command relay runs the function as a program.
package main

import (
	"github.com/sequential-questioning/sequential-questioning/functions/relay"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
)

func main() { function.Main(relay.New()) }
