package main

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/pem"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	api "github.com/bitnami-labs/sealed-secrets/pkg/apis/sealedsecrets/v1alpha1"
	"github.com/bitnami-labs/sealed-secrets/pkg/crypto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	core "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"

	"github.com/sequential-questioning/sequential-questioning/gitops/operate/environment"
	"github.com/sequential-questioning/sequential-questioning/shared/event/delivery"
	"github.com/sequential-questioning/sequential-questioning/shared/requeststate"
)

// vault is a folder of SealedSecrets and the controller's key.
type vault struct {
	*fixture
	folder, certificate string
	key                 *rsa.PrivateKey
}

func newVault(t testing.TB) *vault {
	key, certificate, err := crypto.GeneratePrivateKeyAndCert(2048, time.Hour, "test")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "cert.pem")
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}), 0o600))
	return &vault{newOffline(t), t.TempDir(), path, key}
}

func (v *vault) generate(args ...string) string {
	v.t.Helper()
	return v.must(v.arguments(args)...)
}

func (v *vault) arguments(args []string) []string {
	return append([]string{"secrets", "generate", "--cert", v.certificate, "--to", v.folder}, args...)
}

// files returns the names of all files.
func (v *vault) files() []string {
	v.t.Helper()
	entries, err := os.ReadDir(v.folder)
	require.NoError(v.t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func (v *vault) sealed(file string) *api.SealedSecret {
	v.t.Helper()
	data, err := os.ReadFile(filepath.Join(v.folder, file))
	require.NoError(v.t, err)
	var s api.SealedSecret
	require.NoError(v.t, yaml.UnmarshalStrict(data, &s))
	return &s
}

// open decrypts a SealedSecret as the controller does.
func (v *vault) open(file string) *core.Secret {
	v.t.Helper()
	fingerprint, err := crypto.PublicKeyFingerprint(&v.key.PublicKey)
	require.NoError(v.t, err)
	secret, err := v.sealed(file).Unseal(scheme.Codecs, map[string]*rsa.PrivateKey{fingerprint: v.key})
	require.NoError(v.t, err)
	return secret
}

func (v *vault) value(file, key string) string {
	v.t.Helper()
	value := string(v.open(file).Data[key])
	require.NotEmpty(v.t, value, file)
	return value
}

const (
	databaseFile   = "sequential-questioning-prod.sequential-questioning-database.yaml"
	gatewayFile    = "sequential-questioning-prod.sequential-questioning-gateway-database.yaml"
	migrationsFile = "sequential-questioning-prod.sequential-questioning-migrations.yaml"
	stateFile      = "sequential-questioning-prod.sequential-questioning-request-state.yaml"
	signingFile    = "sequential-questioning-prod.sequential-questioning-event-signing.yaml"
	qdrantFile     = "sequential-questioning-prod.sequential-questioning-qdrant.yaml"
	ownerFile      = "databases.postgres-prod-owner.yaml"
	functionsFile  = "databases.postgres-prod-functions.yaml"
	roleFile       = "databases.postgres-prod-gateway.yaml"
	serverFile     = "databases.qdrant.yaml"
)

var prodFiles = []string{functionsFile, roleFile, ownerFile, serverFile, databaseFile, gatewayFile, migrationsFile, qdrantFile, stateFile, signingFile}

func TestGeneratedSecretsHaveWhatTheClusterNeeds(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	v.generate("prod")
	passwords := map[string]bool{}
	for file, role := range map[string]string{databaseFile: "sq_prod", gatewayFile: "sq_prod_gateway", migrationsFile: "sq_prod_owner"} {
		u, err := url.Parse(v.value(file, "url"))
		require.NoError(t, err)
		assert.Equal(t, "postgres-prod-rw.databases.svc.cluster.local:5432/sq_prod?sslmode=require", u.Host+u.Path+"?"+u.RawQuery)
		account := map[string]string{databaseFile: functionsFile, gatewayFile: roleFile, migrationsFile: ownerFile}[file]
		password, _ := u.User.Password()
		assert.Equal(t, []string{role, role}, []string{u.User.Username(), v.value(account, "username")})
		assert.Equal(t, v.value(account, "password"), password, "both Secrets have the same password")
		assert.GreaterOrEqual(t, len(password), 26)
		passwords[password] = true
		assert.Equal(t, core.SecretTypeBasicAuth, v.open(account).Type)
		assert.Equal(t, "true", v.open(account).Labels["cnpg.io/reload"])
	}
	assert.Len(t, passwords, 3, "each role has its own")
	_, err := requeststate.New(v.value(stateFile, "keys"))
	require.NoError(t, err)
	_, err = delivery.NewSigner(delivery.SigningConfig{Keys: v.value(signingFile, "keys")})
	require.NoError(t, err)
	assert.NotEqual(t, v.value(stateFile, "keys"), v.value(signingFile, "keys"))
	assert.Equal(t, v.value(serverFile, "api-key"), v.value(qdrantFile, "api-key"))
	assert.Equal(t, "http://qdrant.databases.svc.cluster.local:6334", v.value(qdrantFile, "url"))
	for _, file := range prodFiles {
		namespace, name, _ := strings.Cut(strings.TrimSuffix(file, ".yaml"), ".")
		assert.Equal(t, []string{namespace, name}, []string{v.open(file).Namespace, v.open(file).Name})
	}
}

func TestNothingButSealedSecretsIsWritten(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	out, progress, err := v.run(v.arguments([]string{"prod"})...)
	require.NoError(t, err)
	assert.ElementsMatch(t, prodFiles, v.files())
	shown := out + progress
	for _, file := range prodFiles {
		data, err := os.ReadFile(filepath.Join(v.folder, file))
		require.NoError(t, err)
		shown += string(data)
		var head struct{ APIVersion, Kind string }
		require.NoError(t, yaml.Unmarshal(data, &head))
		assert.Equal(t, "bitnami.com/v1alpha1 SealedSecret", head.APIVersion+" "+head.Kind)
	}
	for _, file := range []string{ownerFile, functionsFile, roleFile} {
		secret := v.value(file, "password")
		assert.NotContains(t, shown, secret)
		assert.NotContains(t, shown, base64.StdEncoding.EncodeToString([]byte(secret)))
	}
	_, key, _ := strings.Cut(v.value(stateFile, "keys"), ":")
	assert.NotContains(t, shown, key)
	assert.NotContains(t, shown, v.value(serverFile, "api-key"))
}

func TestExistingSecretsAreNotOverwritten(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	v.generate("prod")
	before := v.contents()
	v.refused("there is nothing to generate: all secrets exist", v.arguments([]string{"prod"})...)
	assert.Equal(t, before, v.contents())
}

func (v *vault) contents() map[string]string {
	all := map[string]string{}
	for _, name := range v.files() {
		data, err := os.ReadFile(filepath.Join(v.folder, name))
		require.NoError(v.t, err)
		all[name] = string(data)
	}
	return all
}

// changed runs a rotation and returns the files it writes.
func (v *vault) changed(args ...string) []string {
	v.t.Helper()
	before := v.contents()
	v.generate(args...)
	var names []string
	for name, content := range v.contents() {
		if before[name] != content {
			names = append(names, name)
		}
	}
	return names
}

func TestRotationReplacesBothSecretsOfAPassword(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	v.generate("prod")
	was := v.value(functionsFile, "password")
	assert.ElementsMatch(t, []string{databaseFile, functionsFile}, v.changed("prod", "--rotate", "sequential-questioning-database"))
	assert.NotEqual(t, was, v.value(functionsFile, "password"))
	assert.Contains(t, v.value(databaseFile, "url"), v.value(functionsFile, "password"))
	assert.ElementsMatch(t, []string{gatewayFile, roleFile}, v.changed("prod", "--rotate", "sequential-questioning-gateway-database"))
	assert.ElementsMatch(t, []string{migrationsFile, ownerFile}, v.changed("prod", "--rotate", "sequential-questioning-migrations"))
}

// The environment was set up before the gateway had its own role.
func TestASecretOfANewerReleaseIsAddedAndTheOthersStay(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	v.generate("prod")
	for _, file := range []string{gatewayFile, roleFile} {
		require.NoError(t, os.Remove(filepath.Join(v.folder, file)))
	}
	assert.ElementsMatch(t, []string{gatewayFile, roleFile}, v.changed("prod"))
}

func TestARotatedRingStillOpensWhatItsOlderKeysSealed(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	v.generate("prod")
	sealer := func() *requeststate.Sealer {
		s, err := requeststate.New(v.value(stateFile, "keys"))
		require.NoError(t, err)
		return s
	}
	old, err := sealer().Seal("claims", "ann", "automatic")
	require.NoError(t, err)
	assert.Equal(t, []string{signingFile}, v.changed("prod", "--rotate", "sequential-questioning-event-signing"))
	assert.True(t, strings.HasPrefix(v.value(signingFile, "keys"), "k2:"))
	assert.Equal(t, []string{stateFile}, v.changed("prod", "--rotate", "sequential-questioning-request-state"))
	var claims string
	require.NoError(t, sealer().Open(old, &claims, "ann", "automatic"))
	fresh, err := sealer().Seal("claims", "ann", "automatic")
	require.NoError(t, err)
	header, err := base64.RawURLEncoding.DecodeString(strings.Split(fresh, ".")[0])
	require.NoError(t, err)
	assert.Contains(t, string(header), `"kid":"k2"`, "the new key seals")

	v.generate("prod", "--rotate", "sequential-questioning-request-state")
	v.generate("prod", "--rotate", "sequential-questioning-request-state")
	var ids []string
	for _, key := range strings.Split(v.value(stateFile, "keys"), ",") {
		id, _, _ := strings.Cut(key, ":")
		ids = append(ids, id)
	}
	assert.Equal(t, []string{"k4", "k3", "k2"}, ids)
	assert.Len(t, v.sealed(stateFile).Spec.EncryptedData, 3, "the oldest is gone")
}

func TestEnvironmentsShareQdrantsKey(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	v.generate("staging", "prod")
	const staging = "sequential-questioning-staging.sequential-questioning-qdrant.yaml"
	assert.Equal(t, v.value(serverFile, "api-key"), v.value(staging, "api-key"))
	assert.ElementsMatch(t, []string{serverFile, qdrantFile, staging}, v.changed("prod", "--rotate", "sequential-questioning-qdrant"), "all that share it")
	assert.Equal(t, v.value(serverFile, "api-key"), v.value(qdrantFile, "api-key"))

	v.refused("set QDRANT_API_KEY to it", v.arguments([]string{"dev"})...)
	v.fixture = v.with("QDRANT_API_KEY", v.value(serverFile, "api-key"))
	assert.NotContains(t, v.changed("dev"), serverFile)
	assert.Equal(t, v.value(serverFile, "api-key"), v.value("sequential-questioning-dev.sequential-questioning-qdrant.yaml", "api-key"))
}

func TestASecretIsNotGeneratedWithoutTheOneThatSharesItsValue(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	v.generate("prod")
	require.NoError(t, os.Remove(filepath.Join(v.folder, ownerFile)))
	v.refused("--rotate sequential-questioning-migrations replaces both", v.arguments([]string{"prod"})...)
	v.generate("prod", "--rotate", "sequential-questioning-migrations")
	assert.Contains(t, v.value(migrationsFile, "url"), v.value(ownerFile, "password"))
}

func TestInvalidArgumentsOfSecretsAreRefused(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	v.refused("--rotate wants one of sequential-questioning-qdrant, sequential-questioning-database", v.arguments([]string{"prod", "--rotate", "passwords"})...)
	v.refused("leave out --rotate", v.arguments([]string{"prod", "--rotate", "sequential-questioning-database"})...)
	v.refused("there is no environment", v.arguments([]string{"production"})...)
	v.refused("no such file or directory", "secrets", "generate", "prod", "--cert", v.certificate, "--to", filepath.Join(v.folder, "missing"))
	require.NoError(t, os.WriteFile(v.certificate, []byte("nonsense"), 0o600))
	v.refused("read the certificate to seal with", v.arguments([]string{"prod"})...)
}

// The databases' manifests name the generated Secrets.
func TestTheDatabasesReadTheGeneratedSecrets(t *testing.T) {
	t.Parallel()
	for _, e := range []string{"staging", "prod"} {
		data, err := os.ReadFile(filepath.Join("..", "platform", "postgres", e, "cluster.yaml"))
		require.NoError(t, err)
		v := newVault(t)
		v.generate(e)
		var cluster struct {
			Spec struct {
				Managed struct {
					Roles []struct {
						Name            string
						ConnectionLimit int
						PasswordSecret  struct{ Name string }
					}
				}
			}
		}
		require.NoError(t, yaml.Unmarshal(data, &cluster))
		limits := map[string]int{}
		for _, role := range cluster.Spec.Managed.Roles {
			limits[role.Name] = role.ConnectionLimit
			assert.Equal(t, role.Name, v.value("databases."+role.PasswordSecret.Name+".yaml", "username"))
		}
		at := environment.Environment(e)
		assert.Equal(t, map[string]int{at.Owner(): 10, at.Role(): at.Connections(), at.GatewayRole(): environment.GatewayConnections}, limits, "as init limits them")
	}
}
