package sealed

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	api "github.com/bitnami-labs/sealed-secrets/pkg/apis/sealedsecrets/v1alpha1"
	core "k8s.io/api/core/v1"

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

const (
	// databases is the namespace of PostgreSQL and Qdrant.
	databases = "databases"
	// qdrant is the Secret that Qdrant reads.
	qdrant = "qdrant"
)

// Options configure Generate. Several environments can be generated in one run;
// for a new key of Qdrant, which they share, they have to be.
type Options struct {
	Environments []environment.Environment
	Key          *rsa.PublicKey
	Folder       string
	Rotate       string // name of the Secret to rotate; empty generates missing ones
	Host         string // of PostgreSQL, with {environment}, and its port
	Parameters   string // of the database's URL
	QdrantURL    string
	QdrantKey    string // key in use; empty generates one
	Dry          bool
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
	all := files{}
	for _, e := range o.Environments {
		if err := o.of(e, all); err != nil {
			return nil, err
		}
	}
	if err := o.memory(all); err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("all secrets exist; to replace one, add --rotate with one of %s", strings.Join(Names, ", "))
	}
	if !o.Dry {
		if err := all.write(o.Folder); err != nil {
			return nil, err
		}
	}
	return slices.Sorted(maps.Keys(all)), nil
}

// wanted reports whether to generate secrets that share a value: if all are missing, or
// if they are rotated. If only some are missing it fails, because the value of the
// others cannot be read back.
// A Secret whose file was deleted in git counts as missing, although the cluster may have it.
func (o Options) wanted(name string, together ...secret) (bool, error) {
	there := 0
	var missing []string
	for _, s := range together {
		if _, err := os.Stat(filepath.Join(o.Folder, s.file())); err == nil {
			there++
		} else {
			missing = append(missing, s.file())
		}
	}
	switch {
	case o.Rotate == name && there == 0:
		return false, fmt.Errorf("%s does not exist and cannot be rotated: leave out --rotate", together[0].file())
	case o.Rotate != "":
		return o.Rotate == name, nil
	case there > 0 && len(missing) > 0:
		return false, fmt.Errorf("%s is missing and shares its value with an existing Secret, which cannot be read back: --rotate %s replaces both", strings.Join(missing, ", "), name)
	}
	return there == 0, nil
}

// add seals Secrets and collects their manifests. Nothing is on the disk yet, so that
// an error leaves the folder as it was.
func (o Options) add(all files, secrets ...secret) error {
	for _, s := range secrets {
		sealed, err := s.seal(o.Key)
		if err != nil {
			return err
		}
		all[s.file()] = sealed
	}
	return nil
}

// of generates the Secrets of one environment. The password of a role is in two
// Secrets, one for the program that logs in and one for the operator that sets it;
// they are generated together or not at all.
// Secrets of the environment that exist stay, also if another environment's are generated.
func (o Options) of(e environment.Environment, all files) error {
	for _, login := range []struct{ name, account, role string }{
		{Database, "functions", e.Role()},
		{Gateway, "gateway", e.GatewayRole()},
		{Migrations, "owner", e.Owner()},
	} {
		made := password()
		pair := []secret{o.connection(e, login.name, login.role, made), account(e, login.account, login.role, made)}
		wanted, err := o.wanted(login.name, pair...)
		if err != nil {
			return err
		}
		if wanted {
			if err := o.add(all, pair...); err != nil {
				return err
			}
		}
	}
	for _, name := range []string{RequestState, EventSigning} {
		if err := o.keyRing(e, name, all); err != nil {
			return err
		}
	}
	return nil
}

// connection returns a Secret with the URL of the environment's database. The
// password is escaped as part of a URL, although generated ones need no escaping.
func (o Options) connection(e environment.Environment, name, role, password string) secret {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(role, password), Path: "/" + e.Database(), RawQuery: o.Parameters,
		Host: strings.ReplaceAll(o.Host, "{environment}", string(e)),
	}
	return secret{namespace: e.Namespace(), name: name, values: map[string]string{"url": u.String()}}
}

// account returns the Secret from which CloudNativePG sets the role's password whenever
// it changes. It is in that operator's namespace; the programs have the URL in theirs.
func account(e environment.Environment, name, role, password string) secret {
	return secret{
		namespace: databases, name: "postgres-" + string(e) + "-" + name, kind: core.SecretTypeBasicAuth,
		labels: map[string]string{"cnpg.io/reload": "true"},
		values: map[string]string{"username": role, "password": password},
	}
}

const (
	// ringKey is the entry that the controller composes from keys that are sealed one by
	// one, so that a key can be added without reading the others.
	ringKey = "keys"
	// maxKeys bounds the ring: the oldest key is dropped.
	maxKeys = 3
)

// keyRing generates a ring of one key, or prepends a new key to an existing ring.
// Programs sign and seal with the first key and accept all of them, so what is in
// use outlives a rotation. After maxKeys rotations a key is gone: rotate no faster
// than sealed states and queued events expire.
// Keys that stay are copied as they were sealed: they can be, because they belong to the same
// name and namespace.
func (o Options) keyRing(e environment.Environment, name string, all files) error {
	s := secret{namespace: e.Namespace(), name: name}
	wanted, err := o.wanted(name, s)
	if err != nil || !wanted {
		return err
	}
	there, err := read(o.Folder, s.file())
	if err != nil {
		return err
	}
	next := 1
	var ids []string
	if there != nil {
		if ids, err = ring(there); err != nil {
			return fmt.Errorf("%s: %w", s.file(), err)
		}
		if _, err := fmt.Sscanf(ids[0], "k%d", &next); err != nil {
			return fmt.Errorf("%s: key %s: want a name of k and a number", s.file(), ids[0])
		}
		next++
	}
	id := fmt.Sprintf("k%d", next)
	_, key, _ := strings.Cut(keyring.Generate(), ":")
	s.values = map[string]string{id: id + ":" + key}
	ids = append([]string{id}, ids...)
	ids = ids[:min(len(ids), maxKeys)]
	s.templates = map[string]string{ringKey: "{{ ." + strings.Join(ids, " }},{{ .") + " }}"}
	if err := o.add(all, s); err != nil {
		return err
	}
	for _, old := range ids[1:] {
		all[s.file()].Spec.EncryptedData[old] = there.Spec.EncryptedData[old]
	}
	return nil
}

// ring returns the ids of a sealed ring's keys, newest first. The order is that of the
// template; the values themselves are encrypted. Another template could refer to keys
// in a way that we would drop; we refuse to guess.
func ring(s *api.SealedSecret) ([]string, error) {
	var ids []string
	for _, part := range strings.Split(s.Spec.Template.Data[ringKey], ",") {
		id := strings.TrimSuffix(strings.TrimPrefix(part, "{{ ."), " }}")
		if _, there := s.Spec.EncryptedData[id]; !there {
			return nil, errors.New("its template was not written by this command: add the key by hand, as docs/operating.md says")
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// memory generates the API key of Qdrant, which all environments share. Its cases
// follow from one fact: an existing key cannot be read back, so it has to come from
// QDRANT_API_KEY or be replaced everywhere at once.
func (o Options) memory(all files) error {
	own := secret{namespace: databases, name: qdrant}
	of := func(e environment.Environment) secret { return secret{namespace: e.Namespace(), name: Qdrant} }
	there := func(s secret) bool {
		_, err := os.Stat(filepath.Join(o.Folder, s.file()))
		return err == nil
	}
	var wanted []secret
	switch {
	case o.Rotate != "" && o.Rotate != Qdrant:
		return nil
	case o.Rotate == Qdrant:
		if !there(own) {
			return fmt.Errorf("%s does not exist and cannot be rotated: leave out --rotate", own.file())
		}
		for _, e := range environment.All {
			if there(of(e)) && !slices.Contains(o.Environments, e) {
				return fmt.Errorf("%s shares Qdrant's key: name it too", e)
			}
		}
		wanted = append(wanted, own)
		for _, e := range o.Environments {
			wanted = append(wanted, of(e))
		}
	default:
		for _, e := range o.Environments {
			if !there(of(e)) {
				wanted = append(wanted, of(e))
			}
		}
		if !there(own) {
			for _, e := range environment.All {
				if there(of(e)) && o.QdrantKey == "" {
					return fmt.Errorf("%s is missing, and %s cannot be read back: set QDRANT_API_KEY to the key in use", own.file(), of(e).file())
				}
			}
			wanted = append(wanted, own)
		} else if len(wanted) > 0 && o.QdrantKey == "" {
			return fmt.Errorf("the key of Qdrant exists and cannot be read back: set QDRANT_API_KEY to it, for %s", wanted[0].file())
		}
	}
	key := o.QdrantKey
	if key == "" || o.Rotate == Qdrant {
		key = password()
	}
	for _, s := range wanted {
		s.values = map[string]string{"api-key": key}
		if s.namespace != databases {
			s.values["url"] = o.QdrantURL
		}
		if err := o.add(all, s); err != nil {
			return err
		}
	}
	return nil
}
