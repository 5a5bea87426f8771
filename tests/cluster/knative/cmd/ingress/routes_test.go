package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"knative.dev/networking/pkg/apis/networking/v1alpha1"
)

func split(service string, percent int) v1alpha1.IngressBackendSplit {
	return v1alpha1.IngressBackendSplit{
		IngressBackend: v1alpha1.IngressBackend{ServiceNamespace: "default", ServiceName: service, ServicePort: intstr.FromInt32(80)},
		Percent:        percent,
	}
}

func TestRoutes(t *testing.T) {
	services := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{})
	for name, port := range map[string]corev1.ServicePort{"old": {Name: "http", Port: 80}, "new": {Name: "http2", Port: 80}} {
		services.Add(&corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
			Spec:       corev1.ServiceSpec{ClusterIP: name, Ports: []corev1.ServicePort{port}},
		})
	}
	rule := func(visibility v1alpha1.IngressVisibility, host string, paths ...v1alpha1.HTTPIngressPath) *v1alpha1.Ingress {
		return &v1alpha1.Ingress{Spec: v1alpha1.IngressSpec{Rules: []v1alpha1.IngressRule{{
			Hosts: []string{host}, Visibility: visibility, HTTP: &v1alpha1.HTTPIngressRuleValue{Paths: paths},
		}}}}
	}
	missing := rule(v1alpha1.IngressVisibilityExternalIP, "missing", v1alpha1.HTTPIngressPath{Splits: []v1alpha1.IngressBackendSplit{split("missing", 100)}})
	compiled, failed := compile([]*v1alpha1.Ingress{
		missing,
		rule(v1alpha1.IngressVisibilityClusterLocal, "internal", v1alpha1.HTTPIngressPath{Splits: []v1alpha1.IngressBackendSplit{split("old", 100)}}),
		rule(v1alpha1.IngressVisibilityExternalIP, "public",
			v1alpha1.HTTPIngressPath{Splits: []v1alpha1.IngressBackendSplit{split("old", 0), split("new", 100)}},
			v1alpha1.HTTPIngressPath{Path: "/longer", Splits: []v1alpha1.IngressBackendSplit{split("old", 100)}},
			v1alpha1.HTTPIngressPath{Headers: map[string]v1alpha1.HeaderMatch{"Tag": {Exact: "old"}}, Splits: []v1alpha1.IngressBackendSplit{split("old", 100)}},
		),
	}, corelisters.NewServiceLister(services))
	if len(failed) != 1 || failed[missing] == nil {
		t.Errorf("failed: %v", failed)
	}
	for _, request := range []struct {
		host, path, tag string
		public          bool
		want            string
	}{
		{"public", "/", "", true, "new:80"},
		{"public:8080", "/", "", true, "new:80"},
		{"public", "/", "", false, "new:80"},
		{"public", "/longer/still", "", true, "old:80"},
		{"public", "/", "old", true, "old:80"},
		{"internal", "/", "", false, "old:80"},
		{"internal", "/", "", true, ""},
		{"missing", "/", "", true, ""},
		{"unknown", "/", "", true, ""},
	} {
		hosts := compiled.internal
		if request.public {
			hosts = compiled.public
		}
		r := httptest.NewRequest(http.MethodGet, request.path, nil)
		r.Host = request.host
		r.Header.Set("Tag", request.tag)
		got := ""
		if way := find(hosts, r); way != nil {
			target := way.choose()
			got = target.address.Host
			if target.h2c != (got == "new:80") {
				t.Errorf("%v is forwarded with h2c=%t", request, target.h2c)
			}
		}
		if got != request.want {
			t.Errorf("%v goes to %q", request, got)
		}
	}
}
