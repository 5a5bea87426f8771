// Command follow-up runs the function as a program.
package main

import (
	followup "github.com/sequential-questioning/sequential-questioning/functions/follow-up"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
)

func main() { function.Main(followup.New()) }
