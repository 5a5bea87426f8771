package main

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"knative.dev/networking/pkg/apis/networking"
	"knative.dev/networking/pkg/apis/networking/v1alpha1"
	"knative.dev/networking/pkg/ingress"
)

// routes maps hosts to paths.
// They are read-only once compiled. internal includes everything that public has.
type routes struct{ public, internal map[string][]path }

// path is a route of a host; the first that matches is used.
type path struct {
	prefix   string
	required map[string]string // headers that a request must have, with their values
	appended map[string]string // headers to set
	host     string            // Host header for the backend; "" for no change
	backends []backend
}

// backend is one side of a traffic split.
// percent is its share of the path's requests; the shares need not add up to 100.
type backend struct {
	address  *url.URL
	h2c      bool
	percent  int
	appended map[string]string
}

// matches compares headers exactly and paths by prefix, as the Ingress API defines it.
func (p *path) matches(r *http.Request) bool {
	for name, value := range p.required {
		if r.Header.Get(name) != value {
			return false
		}
	}
	return strings.HasPrefix(r.URL.Path, p.prefix)
}

// choose picks a random backend by the split's weights; nil if there is none.
func (p *path) choose() *backend {
	total := 0
	for i := range p.backends {
		total += p.backends[i].percent
	}
	if total == 0 {
		return nil
	}
	drawn := rand.IntN(total)
	for i := range p.backends {
		if drawn -= p.backends[i].percent; drawn < 0 {
			return &p.backends[i]
		}
	}
	return nil
}

// find returns the path of a request, nil if there is none. Ports are ignored: clients reach
// the ingress by a node port or a Service's, and Knative's hosts have neither.
func find(hosts map[string][]path, r *http.Request) *path {
	host := r.Host
	if withoutPort, _, err := net.SplitHostPort(host); err == nil {
		host = withoutPort
	}
	paths := hosts[host]
	for i := range paths {
		if paths[i].matches(r) {
			return &paths[i]
		}
	}
	return nil
}

// compile compiles Ingresses to routes. Ingresses that cannot be served are left out and
// have an error.
// One that cannot be served does not affect the others.
func compile(ingresses []*v1alpha1.Ingress, services corelisters.ServiceLister) (*routes, map[*v1alpha1.Ingress]error) {
	compiled := &routes{public: map[string][]path{}, internal: map[string][]path{}}
	failed := map[*v1alpha1.Ingress]error{}
	for _, original := range ingresses {
		// Knative detects the served version by this header.
		probed := original.DeepCopy()
		if _, err := ingress.InsertProbe(probed); err != nil {
			failed[original] = err
			continue
		}
		rules, err := compileRules(probed.Spec.Rules, services)
		if err != nil {
			failed[original] = err
			continue
		}
		for i, rule := range probed.Spec.Rules {
			for _, host := range rule.Hosts {
				compiled.internal[host] = append(compiled.internal[host], rules[i]...)
				if rule.Visibility != v1alpha1.IngressVisibilityClusterLocal {
					compiled.public[host] = append(compiled.public[host], rules[i]...)
				}
			}
		}
	}
	for _, hosts := range []map[string][]path{compiled.public, compiled.internal} {
		for _, paths := range hosts {
			slices.SortStableFunc(paths, moreSpecific)
		}
	}
	return compiled, failed
}

// moreSpecific orders paths by the length of their prefix, then by the number of headers, so
// that the first match is the best. The sort is stable: ties keep the order of the Ingress.
func moreSpecific(a, b path) int {
	return cmp.Or(cmp.Compare(len(b.prefix), len(a.prefix)), cmp.Compare(len(b.required), len(a.required)))
}

// compileRules returns the paths of each rule, by its index. A single split gets everything,
// since the API lets it leave out its percentage.
func compileRules(rules []v1alpha1.IngressRule, services corelisters.ServiceLister) ([][]path, error) {
	compiled := make([][]path, len(rules))
	for i, rule := range rules {
		if rule.HTTP == nil {
			continue
		}
		for _, from := range rule.HTTP.Paths {
			to := path{prefix: from.Path, required: map[string]string{}, appended: from.AppendHeaders, host: from.RewriteHost}
			for name, match := range from.Headers {
				to.required[name] = match.Exact
			}
			for _, split := range from.Splits {
				target, err := resolve(split, services)
				if err != nil {
					return nil, err
				}
				if len(from.Splits) == 1 {
					target.percent = 100
				}
				to.backends = append(to.backends, target)
			}
			compiled[i] = append(compiled[i], to)
		}
	}
	return compiled, nil
}

// resolve finds the address of a backend's Service. Knative points a Service at the activator
// or at pods through its endpoints, so its address can be kept. Ports tell HTTP/2 by their
// name or appProtocol.
func resolve(split v1alpha1.IngressBackendSplit, services corelisters.ServiceLister) (backend, error) {
	service, err := services.Services(split.ServiceNamespace).Get(split.ServiceName)
	if err != nil {
		return backend{}, err
	}
	host := service.Spec.ClusterIP
	if service.Spec.Type == corev1.ServiceTypeExternalName {
		host = service.Spec.ExternalName
	}
	wanted := split.ServicePort.String()
	at := slices.IndexFunc(service.Spec.Ports, func(port corev1.ServicePort) bool {
		return port.Name == wanted || fmt.Sprint(port.Port) == wanted
	})
	if at < 0 || host == "" || host == corev1.ClusterIPNone {
		return backend{}, fmt.Errorf("service %s/%s has no address with a port %s", split.ServiceNamespace, split.ServiceName, wanted)
	}
	port := service.Spec.Ports[at]
	return backend{
		address:  &url.URL{Scheme: "http", Host: net.JoinHostPort(host, fmt.Sprint(port.Port))},
		h2c:      port.Name == "http2" || port.Name == "h2c" || port.AppProtocol != nil && *port.AppProtocol == networking.AppProtocolH2C,
		percent:  split.Percent,
		appended: split.AppendHeaders,
	}, nil
}
