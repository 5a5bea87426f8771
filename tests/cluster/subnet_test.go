package cluster

import "testing"

func TestDivide(t *testing.T) {
	for subnet, want := range map[string][6]string{
		"10.244.0.0/16":  {"10.244.0.0/18", "10.244.64.0/18", "10.244.255.252/30", "10.244.255.253", "10.244.255.254", "10.244.64.1"},
		"192.168.4.0/22": {"192.168.4.0/24", "192.168.5.0/24", "192.168.7.252/30", "192.168.7.253", "192.168.7.254", "192.168.5.1"},
		"172.16.0.0/12":  {"172.16.0.0/14", "172.20.0.0/14", "172.31.255.252/30", "172.31.255.253", "172.31.255.254", "172.20.0.1"},
	} {
		a, err := Divide(subnet)
		if err != nil {
			t.Error(err)
			continue
		}
		got := [6]string{a.Pods.String(), a.Services.String(), a.Link.String(), a.Host.String(), a.Node.String(), a.API.String()}
		if got != want {
			t.Errorf("%s is divided into %v, not %v", subnet, got, want)
		}
	}
}

func TestDivideRefuses(t *testing.T) {
	for _, subnet := range []string{"", "10.244.0.0", "10.244.1.0/16", "10.0.0.0/8", "10.244.0.0/23", "100.64.0.0/16", "fd00::/16"} {
		if _, err := Divide(subnet); err == nil {
			t.Errorf("%q is taken", subnet)
		}
	}
}
