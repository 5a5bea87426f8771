// Package vectors takes snapshots of memory's collections in Qdrant. It has a client of
// its own because package qdrant is for functions, which never take snapshots and whose
// requests last milliseconds. Begin with Open.
package vectors

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	api "github.com/qdrant/go-client/qdrant"

	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
)

const (
	defaultPort = 6334
	// readTimeout bounds requests that only read. Taking a snapshot is only bounded by
	// the caller's context.
	readTimeout = 10 * time.Second
)

// Server is a Qdrant server, limited to the collections with one prefix. Other
// collections of the server are never listed, read or deleted.
// It is safe for concurrent use.
type Server struct {
	api    *api.Client
	prefix string
}

// Open validates the settings. It does not connect. An API key is sent without TLS
// too, if the URL says http.
func Open(config qdrant.Config) (*Server, error) {
	if config.URL == "" {
		return nil, errors.New("QDRANT_URL is not set")
	}
	u, err := url.Parse(config.URL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return nil, errors.New("QDRANT_URL is malformed: want http://host:6334 or https://host:6334")
	}
	port := defaultPort
	if u.Port() != "" {
		if port, err = strconv.Atoi(u.Port()); err != nil {
			return nil, fmt.Errorf("QDRANT_URL has port %s: want 1 to 65535", u.Port())
		}
	}
	client, err := api.NewClient(&api.Config{
		Host: u.Hostname(), Port: port, UseTLS: u.Scheme == "https", APIKey: config.APIKey, PoolSize: 1, SkipCompatibilityCheck: true,
	})
	if err != nil {
		return nil, fmt.Errorf("QDRANT_URL: %w", err)
	}
	return &Server{client, config.Prefix + "_"}, nil
}

// Close closes the connection.
func (s *Server) Close() error { return s.api.Close() }

// Version returns the server's version.
func (s *Server) Version(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	health, err := s.api.HealthCheck(ctx)
	if err != nil {
		return "", fmt.Errorf("reach Qdrant: %w", err)
	}
	return health.GetVersion(), nil
}

// Collections returns the names of memory's collections and the approximate number of
// their points. An exact number would have Qdrant read every point, and nobody needs
// it.
func (s *Server) Collections(ctx context.Context) (map[string]uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	names, err := s.api.ListCollections(ctx)
	if err != nil {
		return nil, fmt.Errorf("list Qdrant's collections: %w", err)
	}
	points := map[string]uint64{}
	for _, name := range names {
		if !strings.HasPrefix(name, s.prefix) {
			continue
		}
		if points[name], err = s.api.Count(ctx, &api.CountPoints{CollectionName: name, Exact: api.PtrOf(false)}); err != nil {
			return nil, fmt.Errorf("count the points of %s: %w", name, err)
		}
	}
	return points, nil
}

// Snapshot describes a snapshot of a collection.
type Snapshot struct {
	Collection string    `json:"collection"`
	Name       string    `json:"name"`
	CreatedAt  time.Time `json:"created_at"`
	Bytes      int64     `json:"bytes"`
	Checksum   string    `json:"checksum,omitempty"`
}

// describe is a snapshot as Qdrant describes it.
func describe(collection string, d *api.SnapshotDescription) Snapshot {
	return Snapshot{collection, d.GetName(), d.GetCreationTime().AsTime(), d.GetSize(), d.GetChecksum()}
}

// Take takes a snapshot of a collection and returns when it is written. In a
// cluster of several nodes Qdrant includes only what the node that answers holds.
// A large collection takes minutes: bound ctx by more than a request's usual time.
func (s *Server) Take(ctx context.Context, collection string) (Snapshot, error) {
	made, err := s.api.CreateSnapshot(ctx, collection)
	if err != nil {
		return Snapshot{}, fmt.Errorf("take a snapshot of %s: %w", collection, err)
	}
	return describe(collection, made), nil
}

// List returns a collection's snapshots, newest first.
func (s *Server) List(ctx context.Context, collection string) ([]Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	listed, err := s.api.ListSnapshots(ctx, collection)
	if err != nil {
		return nil, fmt.Errorf("list the snapshots of %s: %w", collection, err)
	}
	var all []Snapshot
	for _, d := range listed {
		all = append(all, describe(collection, d))
	}
	slices.SortFunc(all, func(a, b Snapshot) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return all, nil
}

// Prune deletes a collection's snapshots that are older than age, except the newest,
// and returns them. What it has deleted before an error is returned too.
// The newest stays whatever its age, so a schedule that failed for long deletes nothing.
func (s *Server) Prune(ctx context.Context, collection string, age time.Duration, now time.Time, dry bool) ([]Snapshot, error) {
	all, err := s.List(ctx, collection)
	if err != nil {
		return nil, err
	}
	var removed []Snapshot
	for i, snapshot := range all {
		if i == 0 || now.Sub(snapshot.CreatedAt) <= age {
			continue
		}
		if !dry {
			if err := s.api.DeleteSnapshot(ctx, collection, snapshot.Name); err != nil {
				return removed, fmt.Errorf("delete snapshot %s of %s: %w", snapshot.Name, collection, err)
			}
		}
		removed = append(removed, snapshot)
	}
	return removed, nil
}
