package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"sigs.k8s.io/yaml"
)

// validity is longer than any test; nothing is renewed.
const validity = 365 * 24 * time.Hour

// authority signs the certificates of one cluster and writes them into a folder.
// It signs clients and servers alike: one root is enough where all of them are one program.
type authority struct {
	folder      string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// identity is the subject of a certificate.
// user and organization say who a client is; names and addresses are for servers.
type identity struct {
	file         string // name of the files, without .crt and .key
	user         string
	organization string
	names        []string
	addresses    []net.IP
}

// newAuthority makes a new authority: no cluster trusts another one's certificates.
// The key stays in the folder, because the controller manager signs with it too.
func newAuthority(folder string) (*authority, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	a := &authority{folder: folder}
	var err error
	if a.key, err = newKey(filepath.Join(folder, "ca.key")); err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "cluster"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	a.certificate, err = sign(filepath.Join(folder, "ca.crt"), template, template, &a.key.PublicKey, a.key)
	return a, err
}

// issue writes a key and a certificate for it. Kubernetes takes the user from the
// common name and groups from the organization.
// Every certificate serves clients and servers: nothing here needs the distinction.
func (a *authority) issue(to identity) error {
	key, err := newKey(filepath.Join(a.folder, to.file+".key"))
	if err != nil {
		return fmt.Errorf("making a key for %s: %w", to.file, err)
	}
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: to.user},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		DNSNames:    to.names,
		IPAddresses: to.addresses,
	}
	if to.organization != "" {
		template.Subject.Organization = []string{to.organization}
	}
	if _, err := sign(filepath.Join(a.folder, to.file+".crt"), template, a.certificate, &key.PublicKey, a.key); err != nil {
		return fmt.Errorf("signing the certificate of %s: %w", to.file, err)
	}
	return nil
}

// kubeconfig writes a self-contained client configuration.
// It contains the certificates instead of paths, so that it also works outside the node.
func (a *authority) kubeconfig(file, server string) error {
	content := map[string][]byte{}
	for _, name := range []string{"ca.crt", file + ".crt", file + ".key"} {
		var err error
		if content[name], err = os.ReadFile(filepath.Join(a.folder, name)); err != nil {
			return err
		}
	}
	type object = map[string]any
	configuration, err := yaml.Marshal(object{
		"apiVersion":      "v1",
		"kind":            "Config",
		"clusters":        []object{{"name": "cluster", "cluster": object{"server": server, "certificate-authority-data": content["ca.crt"]}}},
		"users":           []object{{"name": file, "user": object{"client-certificate-data": content[file+".crt"], "client-key-data": content[file+".key"]}}},
		"contexts":        []object{{"name": "cluster", "context": object{"cluster": "cluster", "user": file}}},
		"current-context": "cluster",
	})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(a.folder, file+".kubeconfig"), configuration, 0o600)
}

// newKey writes a new key. P-256 is quick to generate.
func newKey(path string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	// Kubernetes reads service account keys only in this form.
	encoded, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, writePEM(path, "EC PRIVATE KEY", encoded)
}

// sign writes a certificate with a random serial number, valid from an hour ago,
// since clocks differ.
// The template is changed; pass a new one each time. For an authority, template and parent
// are the same.
func sign(path string, template, parent *x509.Certificate, public *ecdsa.PublicKey, signer *ecdsa.PrivateKey) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = time.Now().Add(validity)
	encoded, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(encoded)
	if err != nil {
		return nil, err
	}
	return certificate, writePEM(path, "CERTIFICATE", encoded)
}

// writePEM writes a file that only root can read.
func writePEM(path, kind string, content []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600)
}
