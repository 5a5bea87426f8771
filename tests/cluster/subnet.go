package cluster

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// DefaultSubnet is the default for --subnet.
const DefaultSubnet = "10.244.0.0/16"

// Addresses divides a cluster's subnet: a quarter for pods, a quarter for
// Services, and at its very end the link between host and node.
// The third quarter stays unused, which keeps the arithmetic simple.
type Addresses struct {
	Subnet, Pods, Services, Link netip.Prefix

	Host netip.Addr // the host, as the node and its pods see it
	Node netip.Addr // the node, as the host and the pods see it
	API  netip.Addr // the API server, as pods see it
}

// Divide divides a subnet. It must be private, because clients only use plain HTTP with
// registries at private addresses.
// The bounds leave at least 256 addresses for pods, and keep 10.0.0.0/8 from being taken
// whole.
func Divide(subnet string) (Addresses, error) {
	whole, err := netip.ParsePrefix(subnet)
	if err != nil || !whole.Addr().Is4() || !whole.Addr().IsPrivate() || whole.Bits() < 12 || whole.Bits() > 22 || whole != whole.Masked() {
		return Addresses{}, fmt.Errorf("--subnet %q: a private IPv4 network between /12 and /22 is needed, such as 10.244.0.0/16", subnet)
	}
	quarter := uint32(1) << (32 - whole.Bits() - 2)
	services := add(whole.Addr(), quarter)
	link := add(whole.Addr(), 4*quarter-4)
	return Addresses{
		Subnet:   whole,
		Pods:     netip.PrefixFrom(whole.Addr(), whole.Bits()+2),
		Services: netip.PrefixFrom(services, whole.Bits()+2),
		Link:     netip.PrefixFrom(link, 30),
		Host:     add(link, 1),
		Node:     add(link, 2),
		API:      add(services, 1),
	}, nil
}

// add is the address so many further on.
// Divide's bounds keep it from overflowing.
func add(address netip.Addr, offset uint32) netip.Addr {
	bytes := address.As4()
	binary.BigEndian.PutUint32(bytes[:], binary.BigEndian.Uint32(bytes[:])+offset)
	return netip.AddrFrom4(bytes)
}

// These ports are free by construction: nothing but the cluster runs at the node's address.
func (a Addresses) registry() string   { return fmt.Sprintf("%s:5000", a.Node) }
func (a Addresses) kubernetes() string { return fmt.Sprintf("https://%s:6443", a.Node) }
func (a Addresses) ingress() string    { return fmt.Sprintf("http://%s:30080", a.Node) }
func (a Addresses) argocd() string     { return fmt.Sprintf("%s:8080", a.Node) }
