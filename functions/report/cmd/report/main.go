// Command report runs the function as a program.
package main

import (
	report "github.com/sequential-questioning/sequential-questioning/functions/report"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
)

func main() { function.Main(report.New()) }
