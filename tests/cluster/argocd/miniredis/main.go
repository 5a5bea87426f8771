// Command miniredis is the cache that Argo CD's parts share: miniredis ADDRESS
package main

import (
	"log"
	"os"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// Argo CD needs Redis as a cache only; what it loses with this process it computes
// again.
func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: miniredis ADDRESS")
	}
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr(os.Args[1]); err != nil {
		log.Fatalf("listening on %s: %v", os.Args[1], err)
	}
	log.Print("serving on ", server.Addr())
	// Advance its clock: it does not move by itself, and then no key would expire.
	last := time.Now()
	for now := range time.Tick(time.Second) {
		server.FastForward(now.Sub(last))
		last = now
	}
}
