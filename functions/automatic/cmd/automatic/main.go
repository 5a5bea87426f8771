// Command automatic runs the function as a program.
package main

import (
	"github.com/sequential-questioning/sequential-questioning/functions/automatic"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
)

func main() { function.Main(automatic.New()) }
