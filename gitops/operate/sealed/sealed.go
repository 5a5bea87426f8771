// Package sealed generates an environment's secrets. It only writes SealedSecrets, which
// only the controller in the cluster can decrypt, so they can be committed. Begin with
// Generate.
//
// It knows which Secrets there are and how they share values, and nothing of what programs do
// with them.
package sealed

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
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
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
	"github.com/sequential-questioning/sequential-questioning/shared/keyring"
)

// Secrets of an environment's namespace, as --rotate names them. The programs' manifests
// refer to them by these names.
const (
	Database     = "sequential-questioning-database"
	Gateway      = "sequential-questioning-gateway-database"
	Migrations   = "sequential-questioning-migrations"
	RequestState = "sequential-questioning-request-state"
	EventSigning = "sequential-questioning-event-signing"
	Qdrant       = "sequential-questioning-qdrant"
)

// Names lists the Secrets that can be rotated.
var Names = []string{Database, Gateway, Migrations, RequestState, EventSigning, Qdrant}

// databases is the namespace of PostgreSQL and Qdrant.
const databases = "databases"

// Certificate reads the public key to seal with from a file, or from the controller of
// the platform, which it reaches as kubectl does. With another cluster's certificate it
// makes Secrets that this cluster's controller cannot decrypt; it reports that on the
// SealedSecret.
func Certificate(ctx context.Context, file string) (*rsa.PublicKey, error) {
	var r io.ReadCloser
	var err error
	if file != "" {
		r, err = os.Open(file)
	} else {
		config := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), nil)
		r, err = kubeseal.OpenCert(ctx, config, "sealed-secrets", "sealed-secrets-controller", "")
	}
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

// Options configure Generate.
type Options struct {
	Environments []environment.Environment
	Key          *rsa.PublicKey
	Folder       string
	Rotate       string // name of the Secret to rotate; empty generates missing ones
	Host         string // of PostgreSQL, with {environment}, and its port
	QdrantURL    string
	QdrantKey    string // key in use; empty generates one
	Dry          bool
}

// group is Secrets that share a value. It is generated as a whole: a value that is sealed
// cannot be read back.
type group struct {
	name    string // one of Names
	known   bool   // the value is the one in use, so single Secrets can be added
	secrets []*core.Secret
}

// Generate writes SealedSecret manifests and returns their file names. All Secrets are
// generated before the first is written. Without rotation existing files are left as
// they are. What exists may be in use, and its value is known to nobody: replacing it
// has to be asked for.
// It reads no cluster: what exists is what the folder has.
func Generate(o Options) ([]string, error) {
	if info, err := os.Stat(o.Folder); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder", o.Folder)
	}
	if o.Rotate != "" && !slices.Contains(Names, o.Rotate) {
		return nil, fmt.Errorf("there is no secret %s to rotate: want one of %s", o.Rotate, strings.Join(Names, ", "))
	}
	groups := []group{o.qdrant()}
	for _, e := range o.Environments {
		groups = append(groups, o.login(e, Database, "functions", e.Role()), o.login(e, Gateway, "gateway", e.GatewayRole()),
			o.login(e, Migrations, "owner", e.Owner()))
		for _, ring := range []string{RequestState, EventSigning} {
			groups = append(groups, group{name: ring, secrets: []*core.Secret{secret(e.Namespace(), ring)}})
		}
	}
	manifests := map[string][]byte{}
	for _, g := range groups {
		wanted, err := o.wanted(g)
		if err != nil {
			return nil, err
		}
		for _, s := range wanted {
			if manifests[file(s)], err = o.seal(s); err != nil {
				return nil, fmt.Errorf("seal %s: %w", file(s), err)
			}
		}
	}
	if len(manifests) == 0 {
		return nil, fmt.Errorf("all secrets exist; to replace one, add --rotate with one of %s", strings.Join(Names, ", "))
	}
	names := slices.Sorted(maps.Keys(manifests))
	for _, name := range names {
		if o.Dry {
			break
		}
		if err := os.WriteFile(filepath.Join(o.Folder, name), manifests[name], 0o644); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// file is the name of a Secret's manifest. Names are unique within a namespace only, so
// both are in it.
func file(s *core.Secret) string { return s.Namespace + "." + s.Name + ".yaml" }

// exists reports whether a Secret's manifest is in the folder. One that was deleted there
// counts as missing, although the cluster may have it.
func (o Options) exists(s *core.Secret) bool {
	_, err := os.Stat(filepath.Join(o.Folder, file(s)))
	return err == nil
}

// wanted returns the Secrets of a group to generate: all of them if they are rotated, and
// those that are missing otherwise.
func (o Options) wanted(g group) ([]*core.Secret, error) {
	missing := slices.DeleteFunc(slices.Clone(g.secrets), o.exists)
	none := len(missing) == len(g.secrets)
	switch {
	case o.Rotate != "" && o.Rotate != g.name:
		return nil, nil
	case o.Rotate != "" && none:
		return nil, fmt.Errorf("%s does not exist and cannot be rotated: leave out --rotate", file(g.secrets[0]))
	case o.Rotate != "":
		return g.secrets, nil
	case none || len(missing) == 0 || g.known:
		return missing, nil
	case g.name == Qdrant:
		return nil, fmt.Errorf("%s is missing, and Qdrant's key exists and cannot be read back: set QDRANT_API_KEY to it", file(missing[0]))
	}
	return nil, fmt.Errorf("%s is missing and shares its value with an existing Secret, which cannot be read back: --rotate %s replaces both", file(missing[0]), g.name)
}

// secret returns a Secret without values. values are names and values in turn.
func secret(namespace, name string, values ...string) *core.Secret {
	s := &core.Secret{StringData: map[string]string{}}
	s.Namespace, s.Name = namespace, name
	s.Labels = map[string]string{"app.kubernetes.io/part-of": "sequential-questioning", "app.kubernetes.io/managed-by": "sealed-secrets"}
	for i := 0; i < len(values); i += 2 {
		s.StringData[values[i]] = values[i+1]
	}
	return s
}

// login returns the two Secrets with the password of a role: the URL for the program that
// logs in, and the account from which CloudNativePG sets the password whenever it
// changes. The password has 128 random bits and needs no escaping in URLs, SQL or YAML.
func (o Options) login(e environment.Environment, name, account, role string) group {
	password := rand.Text()
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(role, password), Path: "/" + e.Database(), RawQuery: "sslmode=require",
		Host: strings.ReplaceAll(o.Host, "{environment}", string(e)),
	}
	set := secret(databases, "postgres-"+string(e)+"-"+account, "username", role, "password", password)
	set.Type, set.Labels["cnpg.io/reload"] = core.SecretTypeBasicAuth, "true"
	return group{name: name, secrets: []*core.Secret{secret(e.Namespace(), name, "url", u.String()), set}}
}

// qdrant returns the Secrets with Qdrant's key: that of Qdrant itself, and those of all
// environments that share it, named or in the folder.
func (o Options) qdrant() group {
	key := o.QdrantKey
	if key == "" || o.Rotate == Qdrant {
		key = rand.Text()
	}
	g := group{name: Qdrant, known: o.QdrantKey != "", secrets: []*core.Secret{secret(databases, "qdrant", "api-key", key)}}
	for _, e := range environment.All {
		s := secret(e.Namespace(), Qdrant, "api-key", key, "url", o.QdrantURL)
		if slices.Contains(o.Environments, e) || o.exists(s) {
			g.secrets = append(g.secrets, s)
		}
	}
	return g
}

// seal encrypts each value for the Secret's name and namespace: copied to another
// Secret, it cannot be decrypted there.
func (o Options) seal(s *core.Secret) ([]byte, error) {
	var old *api.SealedSecret
	var template map[string]string
	if len(s.StringData) == 0 {
		var err error
		if old, template, err = o.addKey(s); err != nil {
			return nil, err
		}
	}
	sealed, err := api.NewSealedSecret(scheme.Codecs, o.Key, s)
	if err != nil {
		return nil, err
	}
	sealed.TypeMeta = meta.TypeMeta{APIVersion: api.SchemeGroupVersion.String(), Kind: "SealedSecret"}
	sealed.Spec.Template.Data = template
	// Keys that stay can be copied as they were sealed, for the same name and namespace.
	if old != nil {
		for id, value := range old.Spec.EncryptedData {
			if strings.Contains(template[ringKey], reference(id)) {
				sealed.Spec.EncryptedData[id] = value
			}
		}
	}
	return yaml.Marshal(sealed)
}

const (
	// ringKey is the entry that the controller composes from keys that are sealed one by
	// one, so that a key can be added without reading the others.
	ringKey = "keys"
	// maxKeys bounds the ring: the oldest key is dropped.
	maxKeys = 3
)

// reference is how the template of a ring names a key.
func reference(id string) string { return "{{ ." + id + " }}" }

// addKey gives a Secret the first key of a ring, or a new one to prepend to the existing
// ring, which it returns with the template that composes the two. Programs sign and seal
// with the first key and accept all of them, so what is in use outlives a rotation. After
// maxKeys rotations a key is gone: rotate no faster than sealed states and queued events
// expire.
func (o Options) addKey(s *core.Secret) (old *api.SealedSecret, template map[string]string, err error) {
	old = &api.SealedSecret{}
	data, err := os.ReadFile(filepath.Join(o.Folder, file(s)))
	if err == nil {
		err = yaml.UnmarshalStrict(data, old) // a field that we do not know would be lost
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	var numbers []int
	for id := range old.Spec.EncryptedData {
		number, err := strconv.Atoi(strings.TrimPrefix(id, "k"))
		if err != nil {
			return nil, nil, fmt.Errorf("it was not written by this command, as it has %s instead of k1 and so on: add the key by hand", id)
		}
		numbers = append(numbers, number)
	}
	slices.Sort(numbers)
	next := 1
	if len(numbers) > 0 {
		next = numbers[len(numbers)-1] + 1
	}
	var references []string
	for _, number := range slices.Backward(append(numbers, next)) {
		references = append(references, reference("k"+strconv.Itoa(number)))
	}
	_, key, _ := strings.Cut(keyring.Generate(), ":")
	id := "k" + strconv.Itoa(next)
	s.StringData[id] = id + ":" + key
	return old, map[string]string{ringKey: strings.Join(references[:min(len(references), maxKeys)], ",")}, nil
}
