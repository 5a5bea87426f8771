// Package qdrant is the one way to Qdrant: a small wrapper on the official
// client, github.com/qdrant/go-client, with named sparse and dense vectors,
// keyword filters and bounds on everything. Package embedded serves the same
// API in process.
//
// Nothing is retried here: a call that could not be answered in time fails with
// ErrUnavailable, and the connection comes back by itself. Begin with Open.
package qdrant
