// Package sealed generates an environment's secrets. It only writes SealedSecrets, which
// only the controller in the cluster can decrypt, so they can be committed. Begin with
// Generate.
//
// It knows which Secrets there are and how they share values, and nothing of what programs do
// with them.
package sealed

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	api "github.com/bitnami-labs/sealed-secrets/pkg/apis/sealedsecrets/v1alpha1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

// secret is a Secret before it is sealed. The controller composes the values of
// templates from the other values. It exists in memory only.
// kind is empty for Opaque.
type secret struct {
	namespace, name string
	kind            core.SecretType
	labels          map[string]string
	values          map[string]string
	templates       map[string]string
}

// file is the name of the secret's manifest. Names are unique within a namespace only,
// so both are in it.
func (s secret) file() string { return s.namespace + "." + s.name + ".yaml" }

// seal encrypts each value for the Secret's name and namespace: copied to another
// Secret, it cannot be decrypted there.
func (s secret) seal(key *rsa.PublicKey) (*api.SealedSecret, error) {
	labels := map[string]string{"app.kubernetes.io/part-of": "sequential-questioning", "app.kubernetes.io/managed-by": "sealed-secrets"}
	maps.Copy(labels, s.labels)
	sealed, err := api.NewSealedSecret(scheme.Codecs, key, &core.Secret{
		ObjectMeta: meta.ObjectMeta{Name: s.name, Namespace: s.namespace, Labels: labels},
		Type:       s.kind,
		StringData: s.values,
	})
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", s.name, err)
	}
	sealed.TypeMeta = meta.TypeMeta{APIVersion: api.SchemeGroupVersion.String(), Kind: "SealedSecret"}
	sealed.Spec.Template.Data = s.templates
	return sealed, nil
}

// files maps file names to manifests.
type files map[string]*api.SealedSecret

// write writes the files, each atomically, and stops at the first error. Running the
// command again generates what is missing. Where the error came between two Secrets that
// share a value, wanted then asks for --rotate, which replaces both.
// Files that are not among them stay.
func (f files) write(folder string) error {
	for _, name := range slices.Sorted(maps.Keys(f)) {
		data, err := encode(f[name])
		if err != nil {
			return fmt.Errorf("encode %s: %w", name, err)
		}
		if err := replace(filepath.Join(folder, name), data); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}

// encode leaves out the status and empty timestamps, as a hand-written manifest would.
func encode(s *api.SealedSecret) ([]byte, error) {
	data, err := yaml.Marshal(s)
	if err != nil {
		return nil, err
	}
	var document map[string]any
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil, err
	}
	delete(document, "status")
	prune(document)
	return yaml.Marshal(document)
}

// prune removes null creation timestamps at every level.
func prune(document map[string]any) {
	for key, value := range document {
		if inner, ok := value.(map[string]any); ok {
			prune(inner)
		}
		if value == nil && key == "creationTimestamp" {
			delete(document, key)
		}
	}
}

// replace writes a file by a rename, so that nobody sees half of it. The mode is that
// of other manifests, which a temporary file does not have.
func replace(path string, data []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".sealed-*")
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Chmod(0o644), file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}

// read reads a manifest; nil if it does not exist. A field that we do not know is an
// error: writing the file again would lose it.
// It is needed for rotation alone, where the sealed values of older keys are kept.
func read(folder, name string) (*api.SealedSecret, error) {
	data, err := os.ReadFile(filepath.Join(folder, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	var s api.SealedSecret
	if err := yaml.UnmarshalStrict(data, &s); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return &s, nil
}

// password returns 26 characters with 128 random bits that need no escaping in URLs,
// SQL or YAML.
func password() string { return rand.Text() }
