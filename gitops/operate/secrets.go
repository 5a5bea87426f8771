package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	api "github.com/bitnami-labs/sealed-secrets/pkg/apis/sealedsecrets/v1alpha1"
	"github.com/bitnami-labs/sealed-secrets/pkg/kubeseal"
	"github.com/spf13/cobra"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
)

// generateCommand writes manifests into the checkout. Values exist in its memory only,
// and leave it encrypted with the cluster's certificate. Nothing changes in a cluster
// before the files are committed and synced.
func generateCommand(v variables) *cobra.Command {
	var s sealer
	var certificate string
	c := of(v, func(o *operation) error {
		// Several environments in one run share what they share in the cluster.
		s.environments, s.qdrantKey = []environment.Environment{o.environment}, v["QDRANT_API_KEY"]
		for _, argument := range o.args {
			e, err := environment.Parse(argument)
			if err != nil {
				return err
			}
			s.environments = append(s.environments, e)
		}
		var err error
		if s.key, err = readCertificate(o.Context(), certificate); err != nil {
			return err
		}
		written, err := s.generate()
		if err != nil {
			return err
		}
		o.printf("wrote %s\n", strings.Join(written, "\nwrote "))
		o.progress("Add the files to " + s.folder + "/kustomization.yaml.")
		return nil
	}, &cobra.Command{
		Use:   "generate ENV…",
		Short: "Generate passwords and keys, and write them as SealedSecrets",
		Long: `Generates missing passwords of roles, the keys that seal request state and sign events,
and Qdrant's key, and writes one SealedSecret per file, ready to commit. Values are not
printed: read them from the Secrets in the cluster.

Existing Secrets are not overwritten. --rotate replaces one Secret, together with those
that share its value; of a ring of keys the last two stay valid.

Set QDRANT_API_KEY to Qdrant's key when you add an environment later.`,
		Example: `  operate secrets generate staging prod
  operate secrets generate prod --rotate sequential-questioning-request-state`,
		Args: cobra.MinimumNArgs(1),
	})
	c.Flags().StringVar(&s.folder, "to", "gitops/platform/secrets", "folder to write manifests to")
	c.Flags().StringVar(&s.rotate, "rotate", "", "Secret to replace")
	c.Flags().StringVar(&certificate, "cert", "", "certificate to seal with, as by kubeseal --fetch-cert (default: that of the platform's controller, by the current context)")
	c.Flags().StringVar(&s.host, "database", "postgres-{environment}-rw.databases.svc.cluster.local:5432", "PostgreSQL's host and port")
	c.Flags().StringVar(&s.qdrantURL, "qdrant-url", "http://qdrant.databases.svc.cluster.local:6334", "Qdrant's gRPC address")
	return c
}

// qdrantName is the name of the Secret with Qdrant's key in an environment's namespace.
const qdrantName = "sequential-questioning-qdrant"

// databases is the namespace of PostgreSQL and Qdrant.
const databases = "databases"

// readCertificate reads the public key to seal with from a file, or from the controller of
// the platform, which it reaches as kubectl does. With another cluster's certificate it
// makes Secrets that this cluster's controller cannot decrypt; it reports that on the
// SealedSecret.
func readCertificate(ctx context.Context, file string) (*rsa.PublicKey, error) {
	config := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), nil)
	r, err := kubeseal.OpenCert(ctx, config, "sealed-secrets", "sealed-secrets-controller", file)
	if err != nil {
		return nil, fmt.Errorf("get the certificate to seal with: %w", err)
	}
	defer r.Close()
	key, err := kubeseal.ParseKey(r)
	if err != nil {
		return nil, fmt.Errorf("read the certificate to seal with: %w", err)
	}
	return key, nil
}

// sealer generates Secrets and writes them as SealedSecrets only, which only the
// controller in the cluster can decrypt, so they can be committed. It knows which Secrets
// there are and how they share values, and nothing of what programs do with them. It
// reads no cluster: what exists is what the folder has.
type sealer struct {
	environments   []environment.Environment
	key            *rsa.PublicKey
	folder, rotate string // the name of the Secret to rotate; empty generates missing ones
	host           string // of PostgreSQL, with {environment}, and its port
	qdrantURL      string
	qdrantKey      string // the key in use; empty generates one
}

// shared is Secrets that share a value. They are generated together: a value that is
// sealed cannot be read back.
type shared struct {
	name    string // as --rotate has it
	known   bool   // the value is the one in use, so single Secrets can be added
	secrets []*core.Secret
}

// generate writes manifests and returns their file names. All Secrets are generated
// before the first is written. Without rotation existing files are left as they are. What
// exists may be in use, and its value is known to nobody: replacing it has to be asked
// for.
func (s *sealer) generate() ([]string, error) {
	all := []shared{s.qdrant()}
	for _, e := range s.environments {
		all = append(all,
			s.login(e, "sequential-questioning-database", "functions", e.Role()),
			s.login(e, "sequential-questioning-gateway-database", "gateway", e.GatewayRole()),
			s.login(e, "sequential-questioning-migrations", "owner", e.Owner()))
		for _, ring := range []string{"sequential-questioning-request-state", "sequential-questioning-event-signing"} {
			all = append(all, shared{name: ring, secrets: []*core.Secret{secret(e.Namespace(), ring, map[string]string{})}})
		}
	}
	manifests := map[string][]byte{}
	var names []string
	for _, one := range all {
		names = append(names, one.name)
		wanted, err := s.wanted(one)
		if err != nil {
			return nil, err
		}
		for _, w := range wanted {
			sealed, err := s.seal(w)
			if err == nil {
				manifests[file(w)], err = yaml.Marshal(sealed)
			}
			if err != nil {
				return nil, fmt.Errorf("seal %s: %w", file(w), err)
			}
		}
	}
	if len(manifests) == 0 {
		return nil, fmt.Errorf("there is nothing to generate: all secrets exist, and --rotate wants one of %s", strings.Join(names[:6], ", "))
	}
	written := slices.Sorted(maps.Keys(manifests))
	for _, name := range written {
		if err := os.WriteFile(filepath.Join(s.folder, name), manifests[name], 0o644); err != nil {
			return nil, err
		}
	}
	return written, nil
}

// file is the name of a Secret's manifest. Names are unique within a namespace only, so
// both are in it.
func file(s *core.Secret) string { return s.Namespace + "." + s.Name + ".yaml" }

// exists reports whether a Secret's manifest is in the folder. One that was deleted there
// counts as missing, although the cluster may have it.
func (s *sealer) exists(one *core.Secret) bool {
	_, err := os.Stat(filepath.Join(s.folder, file(one)))
	return err == nil
}

// wanted returns the Secrets to generate of those that share a value: all of them if they
// are rotated, and those that are missing otherwise.
func (s *sealer) wanted(g shared) ([]*core.Secret, error) {
	missing := slices.DeleteFunc(slices.Clone(g.secrets), s.exists)
	none := len(missing) == len(g.secrets)
	switch {
	case s.rotate != "" && s.rotate != g.name:
		return nil, nil
	case s.rotate != "" && none:
		return nil, fmt.Errorf("%s does not exist and cannot be rotated: leave out --rotate", file(g.secrets[0]))
	case s.rotate != "":
		return g.secrets, nil
	case none || len(missing) == 0 || g.known:
		return missing, nil
	case g.name == qdrantName:
		return nil, fmt.Errorf("%s is missing, and Qdrant's key exists and cannot be read back: set QDRANT_API_KEY to it", file(missing[0]))
	}
	return nil, fmt.Errorf("%s is missing and shares its value with an existing Secret, which cannot be read back: --rotate %s replaces both", file(missing[0]), g.name)
}

// secret returns a Secret with values.
func secret(namespace, name string, values map[string]string) *core.Secret {
	labels := map[string]string{"app.kubernetes.io/part-of": "sequential-questioning", "app.kubernetes.io/managed-by": "sealed-secrets"}
	return &core.Secret{ObjectMeta: meta.ObjectMeta{Namespace: namespace, Name: name, Labels: labels}, StringData: values}
}

// login returns the two Secrets with the password of a role: the URL for the program that
// logs in, and the account from which CloudNativePG sets the password whenever it
// changes. The password has 128 random bits and needs no escaping in URLs, SQL or YAML.
func (s *sealer) login(e environment.Environment, name, account, role string) shared {
	password := rand.Text()
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(role, password), Path: "/" + e.Database(), RawQuery: "sslmode=require",
		Host: strings.ReplaceAll(s.host, "{environment}", string(e)),
	}
	set := secret(databases, "postgres-"+string(e)+"-"+account, map[string]string{"username": role, "password": password})
	set.Type, set.Labels["cnpg.io/reload"] = core.SecretTypeBasicAuth, "true"
	return shared{name: name, secrets: []*core.Secret{secret(e.Namespace(), name, map[string]string{"url": u.String()}), set}}
}

// qdrant returns the Secrets with Qdrant's key: that of Qdrant itself, and those of all
// environments that share it, named or in the folder.
func (s *sealer) qdrant() shared {
	key := s.qdrantKey
	if key == "" || s.rotate == qdrantName {
		key = rand.Text()
	}
	g := shared{name: qdrantName, known: s.qdrantKey != "", secrets: []*core.Secret{secret(databases, "qdrant", map[string]string{"api-key": key})}}
	for _, e := range environment.All {
		one := secret(e.Namespace(), qdrantName, map[string]string{"api-key": key, "url": s.qdrantURL})
		if slices.Contains(s.environments, e) || s.exists(one) {
			g.secrets = append(g.secrets, one)
		}
	}
	return g
}

// seal encrypts each value for the Secret's name and namespace: copied to another
// Secret, it cannot be decrypted there.
func (s *sealer) seal(one *core.Secret) (*api.SealedSecret, error) {
	if len(one.StringData) == 0 {
		return s.addKey(one)
	}
	sealed, err := api.NewSealedSecret(scheme.Codecs, s.key, one)
	if err == nil {
		sealed.TypeMeta = meta.TypeMeta{APIVersion: api.SchemeGroupVersion.String(), Kind: "SealedSecret"}
	}
	return sealed, err
}

// maxKeys bounds a ring: the oldest key is dropped.
const maxKeys = 3

// addKey seals the first key of a ring, or a new one and those of the existing ring,
// which stay as they were sealed, for the same name and namespace. The controller
// composes the ring from them, so that a key can be added without reading the others.
//
// Programs sign and seal with the first key and accept all of them, so what is in use
// outlives a rotation. After maxKeys rotations a key is gone: rotate no faster than
// sealed states and queued events expire.
func (s *sealer) addKey(one *core.Secret) (*api.SealedSecret, error) {
	var old api.SealedSecret
	data, err := os.ReadFile(filepath.Join(s.folder, file(one)))
	if err == nil {
		err = yaml.UnmarshalStrict(data, &old) // a field that we do not know would be lost
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	latest := 0
	for id := range old.Spec.EncryptedData {
		number, err := strconv.Atoi(strings.TrimPrefix(id, "k"))
		if err != nil {
			return nil, fmt.Errorf("it was not written by this command, as it has %s instead of k1 and so on: add the key by hand", id)
		}
		latest = max(latest, number)
	}
	id := fmt.Sprintf("k%d", latest+1)
	_, key, _ := strings.Cut(keyring.Generate(), ":")
	one.StringData[id] = id + ":" + key
	sealed, err := s.seal(one)
	if err != nil {
		return nil, err
	}
	ring := "{{ ." + id + " }}"
	for number := latest; number > latest+1-maxKeys; number-- {
		id := fmt.Sprintf("k%d", number)
		if value, there := old.Spec.EncryptedData[id]; there {
			sealed.Spec.EncryptedData[id] = value
			ring += ",{{ ." + id + " }}"
		}
	}
	sealed.Spec.Template.Data = map[string]string{"keys": ring}
	return sealed, nil
}
