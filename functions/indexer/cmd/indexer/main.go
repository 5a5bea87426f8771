// Command indexer runs the function as a program.
package main

import (
	"github.com/sequential-questioning/sequential-questioning/functions/indexer"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
)

func main() { function.Main(indexer.New()) }
