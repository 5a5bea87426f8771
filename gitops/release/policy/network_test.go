package policy

import (
	"net/netip"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/owner"
)

// A peer is a pod by its namespace and labels, or an address outside.
type peer struct {
	namespace string
	labels    labels.Set
	address   string
}

func component(name string) peer {
	return peer{namespace: "sequential-questioning-prod", labels: labels.Set{"app.kubernetes.io/component": name}}
}

// function is a pod of one function of a component.
func function(component, name string) peer {
	return peer{namespace: "sequential-questioning-prod", labels: labels.Set{"app.kubernetes.io/component": component, "app.kubernetes.io/name": name}}
}

func pod(namespace string) peer { return peer{namespace: namespace} }

func address(address string) peer { return peer{address: address} }

func selects(t *testing.T, selector *metav1.LabelSelector, set labels.Set) bool {
	t.Helper()
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	require.NoError(t, err)
	return parsed.Matches(set)
}

func (p peer) among(t *testing.T, peers []networkingv1.NetworkPolicyPeer) bool {
	return slices.ContainsFunc(peers, func(one networkingv1.NetworkPolicyPeer) bool {
		if one.IPBlock != nil {
			if p.address == "" {
				return false
			}
			inside := func(block string) bool {
				return netip.MustParsePrefix(block).Contains(netip.MustParseAddr(p.address))
			}
			return inside(one.IPBlock.CIDR) && !slices.ContainsFunc(one.IPBlock.Except, inside)
		}
		return p.address == "" &&
			(one.NamespaceSelector == nil || selects(t, one.NamespaceSelector, labels.Set{"kubernetes.io/metadata.name": p.namespace})) &&
			(one.PodSelector == nil || selects(t, one.PodSelector, p.labels))
	})
}

func opens(ports []networkingv1.NetworkPolicyPort, protocol corev1.Protocol, port int) bool {
	return slices.ContainsFunc(ports, func(one networkingv1.NetworkPolicyPort) bool {
		return *one.Protocol == protocol && one.Port.IntValue() == port
	})
}

func TestOnlyTheFlowsOfTheFunctionsAreOpen(t *testing.T) {
	policies := typed[networkingv1.NetworkPolicy](t, built(t, policiesFolder+"/environments/prod"), "NetworkPolicy")
	allowed := func(from, to peer, protocol corev1.Protocol, port int) bool {
		inside := from.namespace == "sequential-questioning-prod"
		pod, other, direction := to, from, networkingv1.PolicyTypeIngress
		if inside {
			pod, other, direction = from, to, networkingv1.PolicyTypeEgress
		}
		selected := false
		for _, policy := range policies {
			if !slices.Contains(policy.Spec.PolicyTypes, direction) || !selects(t, &policy.Spec.PodSelector, pod.labels) {
				continue
			}
			selected = true
			for _, rule := range policy.Spec.Ingress {
				if !inside && other.among(t, rule.From) && opens(rule.Ports, protocol, port) {
					return true
				}
			}
			for _, rule := range policy.Spec.Egress {
				if inside && other.among(t, rule.To) && opens(rule.Ports, protocol, port) {
					return true
				}
			}
		}
		return !selected
	}
	gateway, tool, eventing := component("gateway"), component("tool"), component("eventing")
	relay, indexer := function("eventing", "relay"), function("eventing", "indexer")
	migrations, stranger := component("migrations"), component("something-else")
	dns := peer{namespace: "kube-system", labels: labels.Set{"k8s-app": "kube-dns"}}
	nodeLocal := peer{namespace: "kube-system", labels: labels.Set{"k8s-app": "node-local-dns"}}
	database, databasePort := databaseOf(t)
	for _, flow := range []struct {
		from, to peer
		protocol corev1.Protocol
		port     int
		allowed  bool
	}{
		{pod("knative-serving"), tool, "TCP", 8012, true},
		{pod("knative-serving"), gateway, "TCP", 8013, true},
		{pod("kourier-system"), gateway, "TCP", 8012, true},
		{pod("knative-serving"), tool, "TCP", 9090, true},
		{pod("kourier-system"), tool, "TCP", 9090, false},
		{pod("monitoring"), tool, "TCP", 9464, true},
		{pod("monitoring"), tool, "TCP", 8080, false},
		{pod("knative-serving"), gateway, "TCP", 9464, false},
		{pod("kourier-system"), gateway, "TCP", 9464, false},
		{pod("monitoring"), gateway, "TCP", 9091, true},
		{pod("monitoring"), tool, "TCP", 8012, false},
		{pod("knative-serving"), tool, "TCP", 8080, false},
		{pod("knative-serving"), eventing, "TCP", 8012, true},
		{pod("knative-eventing"), eventing, "TCP", 8012, false},
		{pod("knative-serving"), migrations, "TCP", 8012, false},
		{pod("knative-serving"), stranger, "TCP", 8012, false},
		{pod("default"), tool, "TCP", 8012, false},
		{pod("default"), gateway, "TCP", 8080, false},
		{address("203.0.113.7"), gateway, "TCP", 8012, false},

		{gateway, dns, "UDP", 53, true},
		{migrations, dns, "TCP", 53, true},
		{stranger, dns, "UDP", 53, true},
		{gateway, nodeLocal, "UDP", 53, true},
		{tool, address("169.254.20.10"), "UDP", 53, true},
		{tool, address("169.254.169.254"), "TCP", 53, true},
		{tool, address("169.254.169.253"), "UDP", 53, false},
		{tool, address("169.254.169.254"), "TCP", 80, false},
		{tool, address("10.96.0.10"), "UDP", 53, false},
		{stranger, pod("kube-system"), "UDP", 53, false},
		{gateway, pod("kourier-system"), "TCP", 8081, true},
		{gateway, pod("knative-serving"), "TCP", 8012, true},
		{tool, pod("kourier-system"), "TCP", 8081, true},
		{eventing, pod("kourier-system"), "TCP", 8081, false},
		{tool, database, "TCP", databasePort, true},
		{migrations, database, "TCP", databasePort, true},
		{gateway, database, "TCP", databasePort, true},
		{eventing, database, "TCP", databasePort, true},
		{tool, pod("databases"), "TCP", 6334, true},
		{indexer, pod("databases"), "TCP", 6334, true},
		{relay, pod("databases"), "TCP", 6334, false},
		{gateway, pod("databases"), "TCP", 6334, false},
		{migrations, pod("databases"), "TCP", 6334, false},
		{relay, pod("knative-eventing"), "TCP", 8080, true},
		{indexer, pod("knative-eventing"), "TCP", 8080, false},
		{tool, pod("knative-eventing"), "TCP", 8080, false},
		{stranger, database, "TCP", databasePort, false},
		{gateway, pod("monitoring"), "TCP", 4317, true},
		{tool, pod("monitoring"), "TCP", 4318, true},
		{gateway, address("203.0.113.7"), "TCP", 443, true},
		{tool, address("2001:db8::7"), "TCP", 443, true},
		{indexer, address("203.0.113.7"), "TCP", 443, true},
		{relay, address("203.0.113.7"), "TCP", 443, false},
		{migrations, address("203.0.113.7"), "TCP", 443, false},
		{gateway, address("203.0.113.7"), "TCP", 80, false},
		{gateway, address("10.96.0.1"), "TCP", 443, false},
		{tool, address("10.96.0.1"), "TCP", 6443, false},
		{tool, address("169.254.169.254"), "TCP", 443, false},
		{tool, address("fd00::1"), "TCP", 443, false},
		{tool, pod("default"), "TCP", 443, false},
		{gateway, tool, "TCP", 8012, false},
	} {
		assert.Equal(t, flow.allowed, allowed(flow.from, flow.to, flow.protocol, flow.port), "%v", flow)
	}
}

// databaseOf returns where functions reach PostgreSQL, by the owner's choice.
func databaseOf(t *testing.T) (peer, int) {
	t.Helper()
	mine, err := owner.Read("../../..")
	require.NoError(t, err)
	if !slices.Contains(mine.Choices, "postgresql/managed") {
		return pod("databases"), 5432
	}
	addresses, err := netip.ParsePrefix(mine.Values["database-addresses"])
	require.NoError(t, err)
	port, err := strconv.Atoi(mine.Values["database-port"])
	require.NoError(t, err)
	return address(addresses.Addr().String()), port
}
