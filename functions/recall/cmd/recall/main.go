// Command follow-up runs the function as a program.
package main

import (
	"github.com/sequential-questioning/sequential-questioning/functions/recall"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
)

func main() { function.Main(recall.New()) }
