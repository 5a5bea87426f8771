// Command hello is the least a Knative Service can be. It answers everything
// with one line, and is what cold starts are compared with.
package main

import (
	"cmp"
	"fmt"
	"log"
	"net/http"
	"os"
)

func main() {
	revision, target := os.Getenv("K_REVISION"), cmp.Or(os.Getenv("TARGET"), "world")
	address := ":" + cmp.Or(os.Getenv("PORT"), "8080")
	log.Fatal(http.ListenAndServe(address, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Ce-Id") != "" {
			// A broker takes an event or nothing as an answer to an event.
			w.WriteHeader(http.StatusAccepted)
			return
		}
		fmt.Fprintf(w, "hello %s from %s\n", target, revision)
	})))
}
