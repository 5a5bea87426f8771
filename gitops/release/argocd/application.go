package argocd

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"google.golang.org/grpc/codes"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
)

// Get returns an Application. It is Argo CD's last comparison, up to three minutes old
// without a webhook.
// Every call has callWait and is not repeated here: Wait and End do that.
func (s *Server) Get(ctx context.Context, name string) (*v1alpha1.Application, error) {
	return s.get(ctx, &application.ApplicationQuery{Name: &name})
}

// Refresh returns an Application after Argo CD has compared it with its branch again.
// It takes as long as Argo CD needs to fetch and build the branch.
func (s *Server) Refresh(ctx context.Context, name string) (*v1alpha1.Application, error) {
	how := string(v1alpha1.RefreshTypeNormal)
	return s.get(ctx, &application.ApplicationQuery{Name: &name, Refresh: &how})
}

// get explains the errors that mean a wrong name or account.
func (s *Server) get(ctx context.Context, query *application.ApplicationQuery) (*v1alpha1.Application, error) {
	call, cancel := context.WithTimeout(ctx, callWait)
	defer cancel()
	app, err := s.applications.Get(call, query)
	switch code(err) {
	case codes.OK:
		return app, nil
	case codes.NotFound, codes.PermissionDenied:
		return nil, s.missing(ctx, query.GetName(), err)
	}
	return nil, s.failed("read Application "+query.GetName(), err)
}

// missing explains a PermissionDenied: Argo CD returns it for missing and for forbidden
// Applications alike.
func (s *Server) missing(ctx context.Context, name string, err error) error {
	visible, listing := s.List(ctx)
	if listing != nil {
		return s.failed("read Application "+name, err)
	}
	var names []string
	for _, app := range visible {
		names = append(names, app.Name)
	}
	if len(names) == 0 {
		names = []string{"none"}
	}
	return &callError{fmt.Sprintf("Argo CD at %s has no Application %s that this account may read; it may read: %s", s.address, name, strings.Join(names, ", ")), err}
}

// List returns the Applications that the account may read, sorted by name. A new
// account without rights gets an empty list, and no error.
func (s *Server) List(ctx context.Context) ([]v1alpha1.Application, error) {
	ctx, cancel := context.WithTimeout(ctx, callWait)
	defer cancel()
	list, err := s.applications.List(ctx, &application.ApplicationQuery{})
	if err != nil {
		return nil, s.failed("list Applications", err)
	}
	slices.SortFunc(list.Items, func(a, b v1alpha1.Application) int { return strings.Compare(a.Name, b.Name) })
	return list.Items, nil
}

// Update writes an Application's specification and annotations. It turns off the
// server's validation, which would build the branch: a branch that does not build is a
// reason to change an Application. The server refuses it when the Application has
// changed since it was read.
// On a conflict, read it again and apply the change to what was read.
func (s *Server) Update(ctx context.Context, app *v1alpha1.Application) (*v1alpha1.Application, error) {
	ctx, cancel := context.WithTimeout(ctx, callWait)
	defer cancel()
	validate := false
	updated, err := s.applications.Update(ctx, &application.ApplicationUpdateRequest{Application: app, Validate: &validate})
	if err != nil {
		return nil, s.failed("change Application "+app.Name, err)
	}
	return updated, nil
}

// Rollback starts a sync to the deployment with a history id. It prunes, since what the
// target does not have must not stay. Argo CD runs no hooks for it.
// It returns once the sync is requested; Wait waits for its end.
func (s *Server) Rollback(ctx context.Context, name string, id int64) error {
	ctx, cancel := context.WithTimeout(ctx, callWait)
	defer cancel()
	prune := true
	if _, err := s.applications.Rollback(ctx, &application.ApplicationRollbackRequest{Name: &name, Id: &id, Prune: &prune}); err != nil {
		return s.failed(fmt.Sprintf("roll %s back to %d", name, id), err)
	}
	return nil
}

// End ends the running sync, if any, and returns the Application once none runs. It
// asks again every ten polls: a sync that waits for a hook may miss the first request.
// It has no limit of its own; bound ctx.
func (s *Server) End(ctx context.Context, name string) (*v1alpha1.Application, error) {
	ticker := time.NewTicker(s.pause)
	defer ticker.Stop()
	for looks := 0; ; looks++ {
		app, err := s.Get(ctx, name)
		if err != nil || !Running(app) {
			return app, err
		}
		if looks%refreshEvery == 0 {
			// A lost answer is settled by looking again.
			if err := s.terminate(ctx, name); err != nil && !Uncertain(err) {
				return nil, err
			}
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("the running sync of %s does not end: %w", name, ctx.Err())
		case <-ticker.C:
		}
	}
}

// terminate asks Argo CD to end the running sync. It is not an error if none runs. It
// may have ended between the look and the call.
func (s *Server) terminate(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, callWait)
	defer cancel()
	_, err := s.applications.TerminateOperation(ctx, &application.OperationTerminateRequest{Name: &name})
	if err != nil && code(err) != codes.InvalidArgument {
		return s.failed("end the running sync of "+name, err)
	}
	return nil
}

// Manifests returns an Application's manifests at a revision, built by Argo CD. Any
// revision of the repository will do, deployed or not. It costs Argo CD a build, unless
// it has the revision's in its cache.
// The order is Argo CD's, which is kustomize's.
func (s *Server) Manifests(ctx context.Context, name, revision string) ([]*unstructured.Unstructured, error) {
	ctx, cancel := context.WithTimeout(ctx, callWait)
	defer cancel()
	built, err := s.applications.GetManifests(ctx, &application.ApplicationManifestQuery{Name: &name, Revision: &revision})
	if err != nil {
		return nil, s.failed(fmt.Sprintf("build the manifests of %s at %s", name, short(revision)), err)
	}
	var objects []*unstructured.Unstructured
	for _, manifest := range built.Manifests {
		object := &unstructured.Unstructured{}
		if err := json.Unmarshal([]byte(manifest), &object.Object); err != nil {
			return nil, fmt.Errorf("read a manifest of %s at %s: %w", name, short(revision), err)
		}
		objects = append(objects, object)
	}
	return objects, nil
}

// Subject returns the first line of a commit's message. The repository may not be on
// this machine, so Argo CD is asked.
func (s *Server) Subject(ctx context.Context, name, revision string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callWait)
	defer cancel()
	metadata, err := s.applications.RevisionMetadata(ctx, &application.RevisionMetadataQuery{Name: &name, Revision: &revision})
	if err != nil {
		return "", s.failed("read commit "+short(revision), err)
	}
	subject, _, _ := strings.Cut(strings.TrimSpace(metadata.Message), "\n")
	return subject, nil
}

// Tree returns an Application's objects and what they own. Kinds that the project does
// not permit are left out of it, with all below them.
func (s *Server) Tree(ctx context.Context, name string) (*v1alpha1.ApplicationTree, error) {
	ctx, cancel := context.WithTimeout(ctx, callWait)
	defer cancel()
	tree, err := s.applications.ResourceTree(ctx, &application.ResourcesQuery{ApplicationName: &name})
	if err != nil {
		return nil, s.failed("read the objects of "+name, err)
	}
	return tree, nil
}

// Function returns the live Knative Service of a function, or nil if it does not exist.
// It reads the live object through Argo CD, so that an operator needs no access to the
// cluster.
func (s *Server) Function(ctx context.Context, name, namespace, function string) (*servingv1.Service, error) {
	ctx, cancel := context.WithTimeout(ctx, callWait)
	defer cancel()
	group, version, kind := "serving.knative.dev", "v1", "Service"
	found, err := s.applications.GetResource(ctx, &application.ApplicationResourceRequest{
		Name: &name, Namespace: &namespace, ResourceName: &function, Group: &group, Version: &version, Kind: &kind,
	})
	switch code(err) {
	case codes.OK:
	case codes.InvalidArgument, codes.NotFound:
		return nil, nil
	default:
		return nil, s.failed("read function "+function, err)
	}
	var service servingv1.Service
	if err := json.Unmarshal([]byte(found.GetManifest()), &service); err != nil {
		return nil, fmt.Errorf("read function %s: %w", function, err)
	}
	return &service, nil
}

// short abbreviates a revision as package repository does. The whole one would fill the
// line.
func short(revision string) string { return revision[:min(len(revision), 8)] }
