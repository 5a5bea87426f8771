package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// ArgoCD is a client of Argo CD's API with one user's token. It uses the REST API,
// because the tests are about what accounts may do, and the release command's gRPC
// client is under test itself.
type ArgoCD struct {
	url   string
	token string
	http  *http.Client
}

// newArgoCD returns the client of the administrator's token. A minute per call is enough for
// Argo CD to render manifests; syncs are not waited for within a call.
func newArgoCD(c Cluster) *ArgoCD {
	scheme := "https"
	if c.Plaintext {
		scheme = "http"
	}
	return &ArgoCD{url: scheme + "://" + c.ArgoCD, token: c.Token, http: &http.Client{Timeout: time.Minute}}
}

// As returns a client with another token.
// The connections are shared.
func (a *ArgoCD) As(token string) *ArgoCD { return &ArgoCD{url: a.url, token: token, http: a.http} }

// Call makes one call of the REST API; into may be nil. The error of a refused call has
// the status and Argo CD's message.
// It does not retry: a test about rights must see the first answer.
func (a *ArgoCD) Call(ctx context.Context, method, path string, body, into any) error {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, a.url+path, content)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+a.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := a.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, answer)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}

// Application is Argo CD's state of one environment.
// Phase and Message are empty before the first operation. History is in the order of the
// deployments, the oldest first.
type Application struct {
	Sync, Health, Revision string
	Phase, Message         string // of the last operation
	Running                bool   // an operation is in progress
	Automated              bool
	Conditions             []string // problems that Argo CD reports
	History                []Deployed
}

// Deployed is one entry of an Application's history.
type Deployed struct {
	ID       int64
	Revision string
}

// Application reads one Application. It reads the object and not the API, which answers
// by the account's rights.
func (d *Deployment) Application(ctx context.Context, name string) (Application, error) {
	object, err := d.Get(ctx, applications, "argocd", name)
	if err != nil {
		return Application{}, err
	}
	text := func(fields ...string) string {
		value, _, _ := unstructured.NestedString(object.Object, fields...)
		return value
	}
	a := Application{
		Sync: text("status", "sync", "status"), Health: text("status", "health", "status"), Revision: text("status", "sync", "revision"),
		Phase: text("status", "operationState", "phase"), Message: text("status", "operationState", "message"),
	}
	_, operation, _ := unstructured.NestedMap(object.Object, "operation")
	a.Running = operation || a.Phase == "Running" || a.Phase == "Terminating"
	_, a.Automated, _ = unstructured.NestedMap(object.Object, "spec", "syncPolicy", "automated")
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, condition := range conditions {
		fields, _ := condition.(map[string]any)
		message, _ := fields["message"].(string)
		a.Conditions = append(a.Conditions, message)
	}
	history, _, _ := unstructured.NestedSlice(object.Object, "status", "history")
	for _, entry := range history {
		fields, _ := entry.(map[string]any)
		id, _, _ := unstructured.NestedInt64(fields, "id")
		revision, _, _ := unstructured.NestedString(fields, "revision")
		a.History = append(a.History, Deployed{id, revision})
	}
	return a, nil
}

// Refresh makes Argo CD read git now, as a webhook does.
// It only asks; the refresh happens in the controller's time.
func (d *Deployment) Refresh(ctx context.Context, name string) error {
	return d.Patch(ctx, applications, "argocd", name, `{"metadata":{"annotations":{"argocd.argoproj.io/refresh":"normal"}}}`)
}

// Synced waits until an Application runs a revision and no operation is in progress. An
// operation that failed and is retried counts as in progress.
// It asks for a refresh as long as the revision is another one, so a lost request costs one
// poll. The error has the last state seen, for want of which a timeout says nothing.
func (d *Deployment) Synced(ctx context.Context, name, revision string) error {
	var last Application
	err := d.Until(ctx, name+" synced at "+short(revision), func(ctx context.Context) (bool, error) {
		a, err := d.Application(ctx, name)
		if err != nil {
			return false, err
		}
		last = a
		if a.Revision != revision {
			return false, d.Refresh(ctx, name)
		}
		return a.Sync == "Synced" && a.Health == "Healthy" && !a.Running, nil
	})
	if err != nil {
		return fmt.Errorf("%w; last: %+v", err, last)
	}
	return nil
}

// short abbreviates a revision, for messages.
func short(revision string) string { return revision[:min(len(revision), 8)] }
