// Command gateway serves the gateway function.
package main

import (
	"github.com/sequential-questioning/sequential-questioning/functions/gateway"
	"github.com/sequential-questioning/sequential-questioning/shared/function"
)

func main() { function.Main(gateway.New()) }
