package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"time"
)

// Environment names one of the deployed environments.
type Environment string

// The deployed environments. Their Applications and namespaces have the same names.
const (
	Staging Environment = "sequential-questioning-staging"
	Prod    Environment = "sequential-questioning-prod"
)

// Route returns an environment's URL for MCP clients, through the cluster's ingress. A
// small proxy replaces the DNS name.
// The proxy sets the Host header by which the ingress routes, so that no client needs a DNS
// entry. It runs until Close.
func (d *Deployment) Route(environment Environment) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if proxy, ok := d.routes[environment]; ok {
		return proxy.URL + "/mcp"
	}
	to, _ := url.Parse(d.Cluster.Ingress)
	forward := &httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = d.hostname("gateway", string(environment))
		},
	}
	proxy := httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(response).EnableFullDuplex() // otherwise an early response may be cut
		forward.ServeHTTP(response, r)
	}))
	d.routes[environment] = proxy
	return proxy.URL + "/mcp"
}

// hostname is a service's public name, by which the ingress routes.
func (d *Deployment) hostname(service, namespace string) string {
	return service + "." + namespace + "." + d.Cluster.Domain
}

// Public requests a service through the public ingress and returns status and body.
// It takes any service, also one that must not be reachable.
func (d *Deployment) Public(ctx context.Context, service, namespace string) (int, string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.Cluster.Ingress, nil)
	if err != nil {
		return 0, "", err
	}
	request.Host = d.hostname(service, namespace)
	response, err := (&http.Client{Timeout: waitLimit}).Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

// revision is the newest of the protocol, in which each request stands alone.
const revision = "2026-07-28"

// caller has no keep-alive: every call opens a new connection.
// A kept connection would hide that its instance was killed or replaced.
var caller = &http.Client{Timeout: 2 * time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}

// Request makes one request in the newest revision of MCP and returns its result. Its
// error is a *Failed where there was a response.
// params is changed: _meta is added.
func Request(ctx context.Context, route, method, name string, params map[string]any) (map[string]any, error) {
	if params == nil {
		params = map[string]any{}
	}
	params["_meta"] = map[string]any{"io.modelcontextprotocol/protocolVersion": revision, "io.modelcontextprotocol/clientCapabilities": map[string]any{}}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, route, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header = http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
		"Mcp-Protocol-Version": {revision}, "Mcp-Method": {method},
	}
	if name != "" {
		request.Header.Set("Mcp-Name", name)
	}
	response, err := caller.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Result map[string]any
		Error  *struct {
			Data struct{ Retryable bool }
		}
	}
	if err := json.Unmarshal(content, &answer); err != nil || response.StatusCode != http.StatusOK || answer.Error != nil {
		failed := &Failed{fmt.Sprintf("%s %s: %s: %.2000s", method, name, response.Status, content), err == nil, false}
		failed.Retryable = answer.Error != nil && answer.Error.Data.Retryable
		return nil, failed
	}
	return answer.Result, nil
}

// Failed is the error of a call that got a response without a result.
// A response of an ingress or of the activator is not Ours; a client may repeat the call then.
type Failed struct {
	Text      string
	Ours      bool // from the gateway or a tool, not from an ingress
	Retryable bool // according to the response
}

func (f *Failed) Error() string { return f.Text }

// Call calls a tool and returns its structured result.
// A result that reports an error is a *Failed as well.
func Call(ctx context.Context, route, tool string, arguments map[string]any) (map[string]any, error) {
	result, err := Request(ctx, route, "tools/call", tool, map[string]any{"name": tool, "arguments": arguments})
	if err != nil {
		return nil, err
	}
	if failed, _ := result["isError"].(bool); failed {
		meta, _ := result["_meta"].(map[string]any)
		retryable, _ := meta["sequential-questioning/retryable"].(bool)
		return nil, &Failed{fmt.Sprintf("%s: %v", tool, result["content"]), true, retryable}
	}
	structured, _ := result["structuredContent"].(map[string]any)
	return structured, nil
}

// Version returns the version that an environment's gateway reports to clients.
func Version(ctx context.Context, route string) (string, error) {
	result, err := Request(ctx, route, "server/discover", "", nil)
	if err != nil {
		return "", err
	}
	info, _ := result["serverInfo"].(map[string]any)
	if info == nil {
		meta, _ := result["_meta"].(map[string]any)
		info, _ = meta["io.modelcontextprotocol/serverInfo"].(map[string]any)
	}
	version, _ := info["version"].(string)
	if version == "" {
		return "", fmt.Errorf("no version in %v", result)
	}
	return version, nil
}

// Insist retries a call, as a client does, until it has a result. It stops at an error
// of ours that is not retryable. It returns the failures with the result. The pause is
// short and constant, so that a test's time is that of the system.
// Each failure is kept, so a test can say which ones a client has to expect.
func Insist(ctx context.Context, route, tool string, arguments map[string]any) (map[string]any, []error, error) {
	ctx, cancel := context.WithTimeout(ctx, waitLimit)
	defer cancel()
	var failures []error
	for {
		// Calls modify the map that they are given.
		result, err := Call(ctx, route, tool, maps.Clone(arguments))
		if err == nil {
			return result, failures, nil
		}
		failures = append(failures, err)
		var failed *Failed
		if errors.As(err, &failed) && failed.Ours && !failed.Retryable {
			return nil, failures, err
		}
		select {
		case <-ctx.Done():
			return nil, failures, errors.Join(context.Cause(ctx), err)
		case <-time.After(300 * time.Millisecond):
		}
	}
}
