package cluster

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"

	"golang.org/x/crypto/bcrypt"
	"sigs.k8s.io/yaml"
)

// dexIsAbsent is an address at which nothing listens: nobody signs in by single
// sign-on here.
// Redis and the repository server listen on the node's loopback, which neither host nor pods
// reach, so they need neither TLS nor passwords.
const (
	argocdUser  = "admin"
	redis       = "127.0.0.1:6379"
	repoServer  = "127.0.0.1:8081"
	dexIsAbsent = "http://127.0.0.1:1"
)

// installArgoCD runs Argo CD's parts as components of the node, outside Kubernetes.
// As processes they start faster than as pods, and need no images. Redis is a small
// substitute in Go, whose content may be lost.
//
// The order in which the parts start does not matter: each retries until those that it
// needs respond. The last step, a login, proves that the server reads the cluster.
func (c *cluster) installArgoCD(ctx context.Context) error {
	resources, err := c.builtManifest("argocd-resources.yaml", unedited)
	if err != nil {
		return err
	}
	if err := c.apply(ctx, resources); err != nil {
		return err
	}
	if err := c.awaitResources(ctx); err != nil {
		return err
	}
	if err := c.configureArgoCD(ctx); err != nil {
		return err
	}
	// These folders replace fixed paths such as /app/config, which exist in Argo CD's image only.
	folders := []string{"tls", "ssh", "gpg/source", "gpg/keys", "plugins", "configuration"}
	for _, folder := range folders {
		if err := os.MkdirAll(c.state("argocd", folder), 0o700); err != nil {
			return err
		}
	}
	if err := os.WriteFile(c.state("argocd", "ssh", "ssh_known_hosts"), nil, 0o644); err != nil {
		return err
	}
	environment := []string{
		"ARGOCD_FAKE_IN_CLUSTER=true", // the kubeconfig's cluster counts as in-cluster
		"KUBECONFIG=" + c.state("pki", "admin.kubeconfig"),
		// Waves wait for health anyway; the default adds 2 s to each for other controllers.
		"ARGOCD_SYNC_WAVE_DELAY=0",
		// Without webhooks, this is how long a push waits for Argo CD to notice it.
		"ARGOCD_RECONCILIATION_TIMEOUT=10s",
		fmt.Sprintf("ARGOCD_GPG_ENABLED=%t", c.GPG),
		"ARGOCD_GPG_DATA_PATH=" + c.state("argocd", "gpg", "source"),
		"ARGOCD_GNUPGHOME=" + c.state("argocd", "gpg", "keys"),
		"ARGOCD_TLS_DATA_PATH=" + c.state("argocd", "tls"),
		"ARGOCD_SSH_DATA_PATH=" + c.state("argocd", "ssh"),
		"ARGOCD_PLUGINSOCKFILEPATH=" + c.state("argocd", "plugins"),
		"ARGOCD_APP_CONF_PATH=" + c.state("argocd", "configuration"),
	}
	cluster := []string{"--kubeconfig", c.state("pki", "admin.kubeconfig"), "--namespace", "argocd", "--redis", redis, "--repo-server", repoServer, "--repo-server-plaintext"}
	// The server listens on all addresses because it calls itself on loopback.
	for name, arguments := range map[string][]string{
		"miniredis":                     {redis},
		"argocd-repo-server":            {"--address", "127.0.0.1", "--port", "8081", "--metrics-address", "127.0.0.1", "--metrics-port", "8084", "--disable-tls", "--redis", redis},
		"argocd-application-controller": append([]string{"--app-resync", "10", "--metrics-port", "8082"}, cluster...),
		"argocd-server":                 append([]string{"--insecure", "--address", "0.0.0.0", "--port", "8080", "--metrics-address", "127.0.0.1", "--metrics-port", "8083", "--dex-server", dexIsAbsent}, cluster...),
	} {
		command := append([]string{c.binary("argocd", name)}, arguments...)
		if err := c.node.start(ctx, Component{Name: name, Command: command, Environment: environment}); err != nil {
			return err
		}
	}
	return c.node.await(ctx, "argocd-server", 2*time.Minute, func() error {
		c.saved.Token, err = c.logIn(ctx)
		return err
	})
}

// configureArgoCD applies the objects with Argo CD's settings, and generates a password and
// a signing key.
// The password's hash has bcrypt's lowest cost: the password is random and lives only as
// long as the cluster.
func (c *cluster) configureArgoCD(ctx context.Context) error {
	c.saved.Password = rand.Text()
	hash, err := bcrypt.GenerateFromPassword([]byte(c.saved.Password), bcrypt.MinCost)
	if err != nil {
		return err
	}
	labels := object{"app.kubernetes.io/name": "argocd-secret", "app.kubernetes.io/part-of": "argocd"}
	secret, err := yaml.Marshal(object{
		"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
		"metadata": object{"name": "argocd-secret", "namespace": "argocd", "labels": labels},
		"stringData": object{
			"admin.password":      string(hash),
			"admin.passwordMtime": time.Now().UTC().Format(time.RFC3339),
			"server.secretkey":    rand.Text(),
		},
	})
	if err != nil {
		return err
	}
	settings, err := ownManifest("argocd.yaml")
	if err != nil {
		return err
	}
	return c.apply(ctx, settings+"---\n"+string(secret))
}

// logIn returns a token that is valid for a day. It also shows that Argo CD has read its
// settings.
// Callers retry: an error is normal until the server has started.
func (c *cluster) logIn(ctx context.Context) (token string, err error) {
	credentials, err := json.Marshal(object{"username": argocdUser, "password": c.saved.Password})
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.addresses.argocd()+"/api/v1/session", bytes.NewReader(credentials))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := (&http.Client{Timeout: 5 * time.Second}).Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var session struct{ Token, Message string }
	if err := json.NewDecoder(response.Body).Decode(&session); err != nil {
		return "", err
	}
	if session.Token == "" {
		return "", fmt.Errorf("logging in to Argo CD: %s: %s", response.Status, session.Message)
	}
	return session.Token, nil
}
