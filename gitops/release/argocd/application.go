package argocd

import (
	"context"
	"fmt"
	"strings"

	"github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Get returns an Application. It is Argo CD's last comparison, up to three minutes old
// without a webhook. With refresh Argo CD compares it with its branch again, which takes as
// long as it needs to fetch and build the branch.
func (s *Server) Get(ctx context.Context, name string, refresh bool) (*v1alpha1.Application, error) {
	query := &application.ApplicationQuery{Name: &name}
	if refresh {
		how := string(v1alpha1.RefreshTypeNormal)
		query.Refresh = &how
	}
	return call(ctx, s, "read Application "+name, s.applications.Get, query)
}

// Update writes an Application's specification and annotations. It turns off the
// server's validation, which would build the branch: a branch that does not build is a
// reason to change an Application.
func (s *Server) Update(ctx context.Context, app *v1alpha1.Application) (*v1alpha1.Application, error) {
	validate := false
	return call(ctx, s, "change Application "+app.Name, s.applications.Update, &application.ApplicationUpdateRequest{Application: app, Validate: &validate})
}

// Rollback requests a sync to the deployment with a history id. It prunes, since what the
// target does not have must not stay. Argo CD runs no hooks for it.
func (s *Server) Rollback(ctx context.Context, name string, id int64) error {
	prune := true
	_, err := call(ctx, s, fmt.Sprintf("roll %s back to %d", name, id), s.applications.Rollback, &application.ApplicationRollbackRequest{Name: &name, Id: &id, Prune: &prune})
	return err
}

// Terminate asks Argo CD to end the running sync. It is not an error if none runs: it may
// have ended between the look and the call.
func (s *Server) Terminate(ctx context.Context, name string) error {
	_, err := call(ctx, s, "end the running sync of "+name, s.applications.TerminateOperation, &application.OperationTerminateRequest{Name: &name})
	if status.Code(err) == codes.InvalidArgument {
		return nil
	}
	return err
}

// Subject returns the first line of a commit's message, or "" if Argo CD does not know it:
// it is decoration.
func (s *Server) Subject(ctx context.Context, name, revision string) string {
	metadata, err := call(ctx, s, "read commit "+revision, s.applications.RevisionMetadata, &application.RevisionMetadataQuery{Name: &name, Revision: &revision})
	if err != nil {
		return ""
	}
	subject, _, _ := strings.Cut(strings.TrimSpace(metadata.Message), "\n")
	return subject
}

// Tree returns an Application's objects, what they own, and the health of each. Kinds that
// the project does not permit are left out of it, with all below them.
func (s *Server) Tree(ctx context.Context, name string) (*v1alpha1.ApplicationTree, error) {
	return call(ctx, s, "read the objects of "+name, s.applications.ResourceTree, &application.ResourcesQuery{ApplicationName: &name})
}

// Pins returns the images of an Application's functions at a revision, by the functions'
// names. Any revision of the repository will do, deployed or not. Argo CD builds it,
// unless it has it in its cache.
func (s *Server) Pins(ctx context.Context, name, revision string) (map[string]string, error) {
	doing := fmt.Sprintf("build the manifests of %s at %s", name, Short(revision))
	built, err := call(ctx, s, doing, s.applications.GetManifests, &application.ApplicationManifestQuery{Name: &name, Revision: &revision})
	if err != nil {
		return nil, err
	}
	pins := map[string]string{}
	for _, manifest := range built.Manifests {
		service, err := serviceOf(manifest)
		if service.GroupVersionKind().GroupKind() != knativeService {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", doing, err)
		}
		pins[service.Name] = imageOf(service)
	}
	return pins, nil
}

// Short abbreviates a revision. Eight digits are unambiguous in a repository of this size.
func Short(revision string) string { return revision[:min(len(revision), 8)] }
