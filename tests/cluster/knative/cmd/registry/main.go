// Command registry is an OCI registry over plain HTTP: registry ADDRESS FOLDER
//
// Blobs are in the folder, manifests only in memory.
package main

import (
	"log"
	"net/http"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: registry ADDRESS FOLDER")
	}
	address, folder := os.Args[1], os.Args[2]
	if err := os.MkdirAll(filepath.Join(folder, "sha256"), 0o755); err != nil {
		log.Fatal(err)
	}
	log.Print("serving on ", address)
	// No TLS and no login: only this machine and its nodes reach it.
	log.Fatal(http.ListenAndServe(address, registry.New(registry.WithBlobHandler(registry.NewDiskBlobHandler(folder)))))
}
