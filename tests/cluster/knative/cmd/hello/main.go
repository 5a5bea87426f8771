// Command hello is a minimal Knative Service that responds with one line. Cold starts are
// compared with it.
package main

import (
	"cmp"
	"fmt"
	"log"
	"net/http"
	"os"
)

func main() {
	// Knative sets PORT and K_REVISION.
	revision, target := os.Getenv("K_REVISION"), cmp.Or(os.Getenv("TARGET"), "world")
	address := ":" + cmp.Or(os.Getenv("PORT"), "8080")
	log.Fatal(http.ListenAndServe(address, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Ce-Id") != "" {
			// A broker expects an event or an empty response to an event.
			w.WriteHeader(http.StatusAccepted)
			return
		}
		fmt.Fprintf(w, "hello %s from %s\n", target, revision)
	})))
}
