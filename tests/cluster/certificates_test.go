package cluster

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"testing"

	"sigs.k8s.io/yaml"
)

func TestCertificates(t *testing.T) {
	folder := t.TempDir()
	authority, err := newAuthority(folder)
	if err != nil {
		t.Fatal(err)
	}
	server := identity{file: "apiserver", user: "kube-apiserver", organization: "system:masters", names: []string{"kubernetes.default"}, addresses: []net.IP{{10, 244, 64, 1}}}
	if err := authority.issue(server); err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(folder, "apiserver.crt"), filepath.Join(folder, "apiserver.key"))
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.ReadFile(filepath.Join(folder, "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(root)
	for _, name := range []string{"kubernetes.default", "10.244.64.1"} {
		for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
			if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: name, KeyUsages: []x509.ExtKeyUsage{usage}}); err != nil {
				t.Errorf("as %s: %v", name, err)
			}
		}
	}
	if subject := pair.Leaf.Subject; subject.CommonName != "kube-apiserver" || subject.Organization[0] != "system:masters" {
		t.Errorf("the subject is %s", subject)
	}
}

func TestKubeconfigNeedsNoOtherFile(t *testing.T) {
	folder := t.TempDir()
	authority, err := newAuthority(folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := authority.issue(identity{file: "admin", user: "admin"}); err != nil {
		t.Fatal(err)
	}
	if err := authority.kubeconfig("admin", "https://10.244.255.254:6443"); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(folder, "admin.kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	var configuration struct {
		Clusters []struct {
			Cluster struct {
				Server string
				Root   []byte `json:"certificate-authority-data"`
			}
		}
		Users []struct {
			User struct {
				Certificate []byte `json:"client-certificate-data"`
				Key         []byte `json:"client-key-data"`
			}
		}
	}
	if err := yaml.Unmarshal(content, &configuration); err != nil {
		t.Fatal(err)
	}
	if server := configuration.Clusters[0].Cluster.Server; server != "https://10.244.255.254:6443" {
		t.Errorf("the server is %s", server)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(configuration.Clusters[0].Cluster.Root) {
		t.Error("there is no root certificate")
	}
	if _, err := tls.X509KeyPair(configuration.Users[0].User.Certificate, configuration.Users[0].User.Key); err != nil {
		t.Error(err)
	}
}
