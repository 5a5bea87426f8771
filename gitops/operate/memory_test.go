package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	api "github.com/qdrant/go-client/qdrant"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/vectors"
	"github.com/sequential-questioning/sequential-questioning/migrations"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/qdranttest"
)

// snapshots is a fake Qdrant with two collections and with snapshots, which the
// embedded server does not support.
type snapshots struct {
	api.UnimplementedCollectionsServer

	mu   sync.Mutex
	kept map[string][]*api.SnapshotDescription
}

func newSnapshots(t testing.TB) (*snapshots, string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &snapshots{kept: map[string][]*api.SnapshotDescription{}}
	server := grpc.NewServer(grpc.UnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		if md, _ := metadata.FromIncomingContext(ctx); len(md.Get("api-key")) != 1 || md.Get("api-key")[0] != "key-0123456789" {
			return nil, status.Error(codes.Unauthenticated, "Must provide an API key")
		}
		return handle(ctx, request)
	}))
	api.RegisterCollectionsServer(server, s)
	api.RegisterPointsServer(server, pointsServer{})
	api.RegisterSnapshotsServer(server, snapshotsServer{of: s})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return s, "http://" + listener.Addr().String()
}

func (s *snapshots) List(context.Context, *api.ListCollectionsRequest) (*api.ListCollectionsResponse, error) {
	return &api.ListCollectionsResponse{Collections: []*api.CollectionDescription{{Name: "sequential-questioning-prod_answers"}, {Name: "somebody_elses"}}}, nil
}

type pointsServer struct{ api.UnimplementedPointsServer }

func (pointsServer) Count(context.Context, *api.CountPoints) (*api.CountResponse, error) {
	return &api.CountResponse{Result: &api.CountResult{Count: 7}}, nil
}

// snapshotsServer is a type of its own because its methods have the names of those of
// collections.
type snapshotsServer struct {
	api.UnimplementedSnapshotsServer
	of *snapshots
}

func (s snapshotsServer) Create(_ context.Context, request *api.CreateSnapshotRequest) (*api.CreateSnapshotResponse, error) {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	name := request.GetCollectionName()
	made := &api.SnapshotDescription{Name: fmt.Sprintf("%s-%d.snapshot", name, len(s.of.kept[name])+1), CreationTime: timestamppb.Now(), Size: 1024}
	s.of.kept[name] = append(s.of.kept[name], made)
	return &api.CreateSnapshotResponse{SnapshotDescription: made}, nil
}

func (s snapshotsServer) List(_ context.Context, request *api.ListSnapshotsRequest) (*api.ListSnapshotsResponse, error) {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	return &api.ListSnapshotsResponse{SnapshotDescriptions: s.of.kept[request.GetCollectionName()]}, nil
}

func (s snapshotsServer) Delete(_ context.Context, request *api.DeleteSnapshotRequest) (*api.DeleteSnapshotResponse, error) {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	kept := s.of.kept[request.GetCollectionName()]
	for i, one := range kept {
		if one.GetName() == request.GetSnapshotName() {
			s.of.kept[request.GetCollectionName()] = append(kept[:i:i], kept[i+1:]...)
			return &api.DeleteSnapshotResponse{}, nil
		}
	}
	return nil, status.Error(codes.NotFound, "no such snapshot")
}

// age moves the creation of all snapshots back.
func (s *snapshots) age(by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, kept := range s.kept {
		for _, one := range kept {
			one.CreationTime = timestamppb.New(one.GetCreationTime().AsTime().Add(-by))
		}
	}
}

func TestSnapshotsOfMemorysCollectionsAreTakenAndPruned(t *testing.T) {
	t.Parallel()
	fake, url := newSnapshots(t)
	f := initialised(t, "prod").applied("prod").with("QDRANT_URL", url).with("QDRANT_API_KEY", "key-0123456789")
	f.must("memory", "snapshot", "prod")
	fake.age(10 * 24 * time.Hour)
	f.must("memory", "snapshot", "prod")
	listed := func() (names []string) {
		var all []vectors.Snapshot
		require.NoError(t, json.Unmarshal([]byte(f.must("memory", "snapshots", "prod", "--json")), &all))
		for _, s := range all {
			names = append(names, s.Name)
		}
		return names
	}
	assert.Equal(t, []string{"sequential-questioning-prod_answers-2.snapshot", "sequential-questioning-prod_answers-1.snapshot"}, listed(), "newest first, and only memory's")
	assert.Contains(t, f.must("memory", "snapshot", "prod", "--keep", "7d", "--dry-run"), "would remove sequential-questioning-prod_answers sequential-questioning-prod_answers-1.snapshot")
	require.Len(t, listed(), 2)
	f.must("memory", "snapshot", "prod", "--keep", "7d")
	assert.Equal(t, []string{"sequential-questioning-prod_answers-3.snapshot", "sequential-questioning-prod_answers-2.snapshot"}, listed())
	assert.Contains(t, f.must("memory", "snapshots", "prod"), "1024")
}

func TestSnapshotsOfAnotherEnvironmentAreNotTaken(t *testing.T) {
	t.Parallel()
	fake, url := newSnapshots(t)
	f := initialised(t, "prod").applied("prod").with("QDRANT_URL", url).with("QDRANT_API_KEY", "key-0123456789")
	f.refused("belongs to environment prod, not dev", "memory", "snapshot", "dev")
	f.refused("belongs to environment prod, not dev", "memory", "snapshots", "dev")
	f.with("QDRANT_COLLECTION_PREFIX", "other").refused("no collection's name begins with other_", "memory", "snapshot", "prod")
	f.with("QDRANT_API_KEY", "wrong").refused("Must provide an API key", "memory", "snapshot", "prod")
	f.with("QDRANT_URL", "").refused("QDRANT_URL is not set", "memory", "snapshot", "prod")
	assert.Empty(t, fake.kept)
}

func TestMemoryIsRebuiltFromTheDatabase(t *testing.T) {
	t.Parallel()
	f := initialised(t, "prod").applied("prod").with("QDRANT_URL", qdranttest.URL(t))
	s := f.service("prod")
	open(t, t.Context(), s, "Book a trip")
	assert.Contains(t, f.must("memory", "rebuild", "prod", "--dry-run"), "from 1 conversations")
	out, _, _ := f.run("check", "prod")
	require.Contains(t, out, "no collection yet")
	assert.Contains(t, f.must("memory", "rebuild", "prod"), "1 conversations, 2 answers indexed")
	assert.Contains(t, f.must("memory", "rebuild", "prod", "--fresh"), "1 conversations, 2 answers indexed")
	out, _, _ = f.run("check", "prod")
	assert.Contains(t, out, "sequential-questioning-prod_answers with 2 points")

	f.exec("sq_prod", "DELETE FROM conversations")
	f.must("memory", "rebuild", "prod")
	out, _, _ = f.run("check", "prod")
	assert.Contains(t, out, "sequential-questioning-prod_answers with 0 points")
	f.refused("belongs to environment prod, not dev", "memory", "rebuild", "dev")
	f.with("QDRANT_URL", "").refused("memory is not configured", "memory", "rebuild", "prod")
}

func TestMemoryOfADatabaseOfNoEnvironmentIsRebuilt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	url := f.server.URL() // as the local program has it
	require.NoError(t, migrations.Up(t.Context(), url))
	f = f.with("DATABASE_URL", url).with("QDRANT_URL", qdranttest.URL(t))
	s := f.serviceOf(url)
	turn := open(t, t.Context(), s, "Book a trip")
	assert.Contains(t, f.must("memory", "rebuild"), "1 conversations, 2 answers indexed, 0 checked again")
	assert.Contains(t, f.must("memory", "rebuild", "--fresh"), "1 conversations, 2 answers indexed, 0 checked again")
	_, err := s.Forget(t.Context(), conversation.ForgetInput{ConversationID: turn.ConversationID})
	require.NoError(t, err)
	assert.Contains(t, f.must("memory", "rebuild"), "0 conversations, 0 answers indexed, 2 checked again")
	assert.Contains(t, f.must("memory", "rebuild"), "0 conversations, 0 answers indexed, 0 checked again", "what is erased is gone")

	f.refused("belongs to no environment", "memory", "rebuild", "prod")
	marked := initialised(t, "prod").applied("prod").with("QDRANT_URL", qdranttest.URL(t))
	marked.refused("belongs to environment prod: add prod to the command", "memory", "rebuild")
}
