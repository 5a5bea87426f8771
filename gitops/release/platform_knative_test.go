package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networking "knative.dev/networking/pkg/config"
	autoscaler "knative.dev/serving/pkg/autoscaler/config"
	route "knative.dev/serving/pkg/reconciler/route/config"
)

// Knative ignores unknown settings and refuses malformed ones at startup, so the test reads
// them with Knative's own code.
func TestKnativeReadsItsConfigurationAsIntended(t *testing.T) {
	t.Parallel()
	serving := readPlatform(t).object(t, "platform-knative", "KnativeServing", "knative-serving")
	section := func(name string) map[string]string {
		data := map[string]string{}
		for key, value := range values[map[string]any](t, serving.Object, "spec", "config", name) {
			data[key] = value.(string)
		}
		return data
	}

	network, err := networking.NewConfigFromMap(section("network"))
	require.NoError(t, err)
	assert.True(t, network.ExternalDomainTLS)
	assert.Equal(t, networking.HTTPRedirected, network.HTTPProtocol)
	assert.Equal(t, "kourier.ingress.networking.knative.dev", network.DefaultIngressClass)
	assert.Equal(t, networking.CertManagerCertificateClassName, network.DefaultCertificateClass)
	assert.False(t, network.AutocreateClusterDomainClaims, "a domain is claimed by the platform alone")

	scaling, err := autoscaler.NewConfigFromMap(section("autoscaler"))
	require.NoError(t, err)
	assert.True(t, scaling.EnableScaleToZero)

	domain, err := route.NewDomainFromConfigMap(&corev1.ConfigMap{Data: section("domain")})
	require.NoError(t, err)
	assert.Equal(t, "svc.cluster.local", domain.LookupDomainForLabels(map[string]string{"app": "gateway"}))

	issuer := readPlatform(t).object(t, "platform-knative", "ClusterIssuer", "letsencrypt")
	assert.Contains(t, section("certmanager")["issuerRef"], "kind: "+issuer.GetKind())
	assert.Contains(t, section("certmanager")["issuerRef"], "name: "+issuer.GetName())
}
