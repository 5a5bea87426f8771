// Package argocd reads and changes Argo CD's Applications through its API. It speaks to
// the API with the rights of the person or token that it is given. Begin with Connect.
//
// It knows nothing of git: a revision is a name that Argo CD resolves.
package argocd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apiclient"
	"github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	"github.com/argoproj/argo-cd/v2/util/localconfig"
)

// connectWait bounds what a person waits for a wrong address. callWait is long enough
// for Argo CD to build manifests that it has not cached.
const (
	connectWait = 15 * time.Second
	callWait    = 60 * time.Second

	// Argo CD's client reads its configuration file unless the path does not exist.
	nowhere = "/nonexistent/argocd/config"
)

// Options configure the connection to Argo CD's API. Empty fields are taken from the
// configuration of the argocd command, if it has this server.
type Options struct {
	Server    string
	Token     string
	Plaintext bool
	Insecure  bool
	// Pause is the poll interval of Wait; one second by default.
	Pause time.Duration
}

// Server is a connection to Argo CD's API. It is safe for concurrent use.
type Server struct {
	address      string
	applications application.ApplicationServiceClient
	closer       io.Closer
	pause        time.Duration
}

// Close ends the connection. Calls under way fail.
func (s *Server) Close() error { return s.closer.Close() }

// Connect opens a connection. Missing permissions only show with the first call. The
// goroutine of a connection that never comes ends with the process.
// Close it when done. An error says what to set or to check.
func Connect(ctx context.Context, options Options) (*Server, error) {
	settings, err := resolve(options)
	if err != nil {
		return nil, err
	}
	if err := reach(ctx, settings.ServerAddr); err != nil {
		return nil, fmt.Errorf("reach Argo CD at %s: %w", settings.ServerAddr, err)
	}
	s := &Server{address: settings.ServerAddr, pause: cmp.Or(options.Pause, time.Second)}
	// Argo CD's client would wait forever for a server that speaks another protocol.
	ctx, cancel := context.WithTimeoutCause(ctx, connectWait, fmt.Errorf("no response within %s: if the server has no TLS, add --argocd-plaintext; otherwise check that it is Argo CD", connectWait))
	defer cancel()
	made := make(chan error, 1)
	go func() {
		client, err := apiclient.NewClient(&settings)
		if err == nil {
			s.closer, s.applications, err = client.NewApplicationClient()
		}
		made <- err
	}()
	select {
	case err = <-made:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, s.failed("connect", err)
	}
	return s, nil
}

// resolve merges the options with the configuration of the argocd command. A login for
// one server is never sent to another.
// A token that is given wins over a login, and a named server over the current context.
func resolve(options Options) (apiclient.ClientOptions, error) {
	settings := apiclient.ClientOptions{
		ServerAddr: options.Server,
		AuthToken:  options.Token,
		PlainText:  options.Plaintext,
		Insecure:   options.Insecure,
		UserAgent:  "sequential-questioning-release",
		ConfigPath: nowhere,
	}
	known, where, err := configured()
	if err != nil {
		return settings, err
	}
	if known != nil {
		for _, context := range known.Contexts {
			current := settings.ServerAddr == "" && context.Name == known.CurrentContext
			named := settings.ServerAddr != "" && context.Server == settings.ServerAddr
			if !current && !named {
				continue
			}
			resolved, err := known.ResolveContext(context.Name)
			if err != nil {
				return settings, fmt.Errorf("read %s: %w", where, err)
			}
			if resolved.Server.Core {
				if named {
					continue
				}
				return settings, errors.New("the argocd command is set to --core, which has no API server: set --argocd-server")
			}
			settings.ConfigPath, settings.Context, settings.ServerAddr = where, context.Name, resolved.Server.Server
			break
		}
	}
	if settings.ServerAddr == "" {
		return settings, errors.New("no Argo CD server is given: set --argocd-server or ARGOCD_SERVER, or run `argocd login`")
	}
	if !strings.Contains(settings.ServerAddr, ":") {
		settings.ServerAddr += ":443"
	}
	if settings.AuthToken == "" && settings.Context == "" {
		return settings, fmt.Errorf("no login for Argo CD at %s: set ARGOCD_AUTH_TOKEN, or run `argocd login %s`", settings.ServerAddr, settings.ServerAddr)
	}
	return settings, nil
}

// configured returns the configuration of the argocd command and its path; nil if there
// is none. A file that cannot be read is an error: to go on without it would send the
// person to log in again.
func configured() (*localconfig.LocalConfig, string, error) {
	where, err := localconfig.DefaultLocalConfigPath()
	if err != nil {
		return nil, "", nil // without a home folder there is no configuration
	}
	if _, err := os.Stat(where); err != nil {
		return nil, where, nil // the command was never configured
	}
	known, err := localconfig.ReadLocalConfig(where)
	if err != nil {
		return nil, where, fmt.Errorf("read %s: %w", where, err)
	}
	return known, where, nil
}

// reach opens a TCP connection. Argo CD's client would retry a wrong address in
// silence.
func reach(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, connectWait)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}
