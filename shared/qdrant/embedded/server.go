package embedded

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	api "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	// Version is the Qdrant whose API and behaviour are followed.
	Version = "1.19.0"
	// closeTimeout is how long Close lets calls under way end.
	closeTimeout = time.Second
)

// Options say where to listen. All may be left out. The local program passes a
// listener in memory (bufconn), so that nothing else on the machine can reach the
// server.
type Options struct {
	Listener net.Listener // wins over Address; Close closes it
	Address  string       // host:port, 127.0.0.1:0 when empty
	APIKey   string       // asked of every call but a health check; empty asks for none
}

// Server is a running server. It is safe for concurrent use; whoever started it closes
// it.
type Server struct {
	grpc   *grpc.Server
	url    string
	served chan struct{}
	close  sync.Once
}

// Start listens and serves until Close.
func Start(options Options) (*Server, error) { return start(options, standardLimits()) }

// start is Start with limits that tests make smaller.
func start(options Options, l limits) (*Server, error) {
	listener := options.Listener
	if listener == nil {
		address := options.Address
		if address == "" {
			address = "127.0.0.1:0"
		}
		var err error
		if listener, err = net.Listen("tcp", address); err != nil {
			return nil, fmt.Errorf("embedded qdrant: listen: %w", err)
		}
	}
	server := &Server{
		url:    "http://" + listener.Addr().String(),
		served: make(chan struct{}),
		grpc: grpc.NewServer(
			grpc.MaxRecvMsgSize(MaxMessageBytes), grpc.MaxSendMsgSize(MaxMessageBytes),
			grpc.MaxConcurrentStreams(MaxStreams),
			grpc.UnaryInterceptor(checkKey(options.APIKey)),
			// The official client pings every ten seconds, also when idle.
			grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}),
		),
	}
	collections := &store{limits: l, collections: map[string]*collection{}}
	api.RegisterQdrantServer(server.grpc, &healthServer{})
	api.RegisterCollectionsServer(server.grpc, &collectionsServer{store: collections})
	api.RegisterPointsServer(server.grpc, &pointsServer{store: collections})
	go func() {
		defer close(server.served)
		_ = server.grpc.Serve(listener)
	}()
	return server, nil
}

// URL is what QDRANT_URL takes.
func (s *Server) URL() string { return s.url }

// Close stops serving and forgets everything. Calls under way have a second. It may
// be called again.
func (s *Server) Close() error {
	s.close.Do(func() {
		hurry := time.AfterFunc(closeTimeout, s.grpc.Stop)
		defer hurry.Stop()
		s.grpc.GracefulStop()
	})
	<-s.served
	return nil
}

// healthServer answers health checks with a version that the client accepts: one
// within a minor of its own.
type healthServer struct{ api.UnimplementedQdrantServer }

func (healthServer) HealthCheck(context.Context, *api.HealthCheckRequest) (*api.HealthCheckReply, error) {
	return &api.HealthCheckReply{Title: "qdrant - embedded", Version: Version}, nil
}

// checkKey asks for the key as Qdrant does: on every call but the health check.
func checkKey(key string) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		if key != "" && info.FullMethod != api.Qdrant_HealthCheck_FullMethodName && !hasKey(ctx, key) {
			return nil, status.Error(codes.Unauthenticated, "Must provide an API key or an Authorization bearer token")
		}
		return handle(ctx, request)
	}
}

// hasKey compares in constant time.
func hasKey(ctx context.Context, key string) bool {
	md, _ := metadata.FromIncomingContext(ctx)
	given := md.Get("api-key")
	for _, value := range md.Get("authorization") {
		if token, ok := strings.CutPrefix(value, "Bearer "); ok {
			given = append(given, token)
		}
	}
	for _, value := range given {
		if subtle.ConstantTimeCompare([]byte(value), []byte(key)) == 1 {
			return true
		}
	}
	return false
}
