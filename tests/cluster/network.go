package cluster

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"net/netip"
	"runtime"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

const nodeLink = "host0" // the link to the host, as the node names it

// linkName is the name of the link to the node on the host.
// Linux limits such names to 15 bytes; longer ones become a digest of the cluster's name.
func (s *Settings) linkName() string {
	if name := "sq-" + s.Name; len(name) < 16 {
		return name
	}
	hash := fnv.New32a()
	hash.Write([]byte(s.Name))
	return fmt.Sprintf("sq-%08x", hash.Sum32())
}

// checkRoutes refuses a subnet to which the host already has a route.
// A default route does not count: it leads everywhere, and the new routes are more specific.
func checkRoutes(subnet netip.Prefix) error {
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return fmt.Errorf("listing routes: %w", err)
	}
	for _, route := range routes {
		if route.Dst == nil {
			continue
		}
		address, _ := netip.AddrFromSlice(route.Dst.IP.To4())
		ones, _ := route.Dst.Mask.Size()
		if known := netip.PrefixFrom(address, ones); ones > 0 && known.Overlaps(subnet) {
			return fmt.Errorf("this machine already has a route to %s: choose another network than %s with --subnet", known, subnet)
		}
	}
	return nil
}

// connect connects the node's network to the host's. The link disappears with the node's
// network namespace.
// Host and node reach each other, pods and Services included. The node
// reaches no other machine, because it has no default route.
func connect(name string, pid int, addresses Addresses) error {
	pair := &netlink.Veth{LinkAttrs: netlink.NewLinkAttrs(), PeerName: nodeLink, PeerNamespace: netlink.NsPid(pid)}
	pair.Name = name
	if err := netlink.LinkAdd(pair); err != nil {
		return fmt.Errorf("adding the link %s: %w", name, err)
	}
	if err := configureNode(pid, addresses); err != nil {
		return fmt.Errorf("setting up the node's network: %w", err)
	}
	if err := configure(&netlink.Handle{}, name, addresses.Host, addresses.Link); err != nil {
		return err
	}
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	for _, destination := range []netip.Prefix{addresses.Pods, addresses.Services} {
		route := &netlink.Route{LinkIndex: link.Attrs().Index, Dst: toIPNet(destination), Gw: addresses.Node.AsSlice()}
		if err := netlink.RouteAdd(route); err != nil {
			return fmt.Errorf("adding a route to %s: %w", destination, err)
		}
	}
	return nil
}

// configureNode sets up the node's end. The thread is locked because a network
// namespace belongs to a thread.
func configureNode(pid int, addresses Addresses) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	namespace, err := netns.GetFromPid(pid)
	if err != nil {
		return err
	}
	defer namespace.Close()
	inside, err := netlink.NewHandleAt(namespace)
	if err != nil {
		return err
	}
	defer inside.Close()
	loopback, err := inside.LinkByName("lo")
	if err != nil {
		return err
	}
	if err := inside.LinkSetUp(loopback); err != nil {
		return err
	}
	if err := configure(inside, nodeLink, addresses.Node, addresses.Link); err != nil {
		return err
	}
	link, err := inside.LinkByName(nodeLink)
	if err != nil {
		return err
	}
	// Packets to Services are redirected on output but need a route before that. There is
	// no default route: addresses beyond the host are unreachable at once instead of
	// timing out.
	route := &netlink.Route{LinkIndex: link.Attrs().Index, Dst: toIPNet(addresses.Services), Scope: netlink.SCOPE_LINK}
	if err := inside.RouteAdd(route); err != nil {
		return fmt.Errorf("adding a route to %s: %w", addresses.Services, err)
	}
	return nil
}

// configure gives a link its address and brings it up.
func configure(handle *netlink.Handle, name string, address netip.Addr, network netip.Prefix) error {
	link, err := handle.LinkByName(name)
	if err != nil {
		return fmt.Errorf("finding the link %s: %w", name, err)
	}
	if err := handle.AddrAdd(link, &netlink.Addr{IPNet: toIPNet(netip.PrefixFrom(address, network.Bits()))}); err != nil {
		return fmt.Errorf("giving %s the address %s: %w", name, address, err)
	}
	if err := handle.LinkSetUp(link); err != nil {
		return fmt.Errorf("bringing %s up: %w", name, err)
	}
	return nil
}

// disconnect removes the link of connect if it still exists.
// It tolerates that the kernel removes the link meanwhile, with the node's namespace.
func disconnect(name string) error {
	link, err := netlink.LinkByName(name)
	if errors.As(err, &netlink.LinkNotFoundError{}) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("finding the link %s: %w", name, err)
	}
	err = netlink.LinkDel(link)
	if _, missing := netlink.LinkByName(name); errors.As(missing, &netlink.LinkNotFoundError{}) {
		return nil // removed, or it disappeared with its namespace
	}
	if err != nil {
		return fmt.Errorf("removing the link %s: %w", name, err)
	}
	return nil
}

// toIPNet converts to the netlink package's type.
func toIPNet(prefix netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: prefix.Addr().AsSlice(), Mask: net.CIDRMask(prefix.Bits(), prefix.Addr().BitLen())}
}
