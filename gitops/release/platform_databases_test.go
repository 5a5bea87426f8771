package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	pgquery "github.com/wasilibs/go-pgquery"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/jsonpath"
	"sigs.k8s.io/yaml"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/budget"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/owner/ownertest"
)

// at returns what a JSONPath finds in an object, as text; nothing if a key is missing.
func at(t *testing.T, object *unstructured.Unstructured, path string) string {
	t.Helper()
	parsed := jsonpath.New(path).AllowMissingKeys(true)
	require.NoError(t, parsed.Parse("{"+path+"}"))
	var found bytes.Buffer
	require.NoError(t, parsed.Execute(&found, object.Object), path)
	return found.String()
}

// has holds an object against what JSONPaths find in it.
func has(t *testing.T, object *unstructured.Unstructured, wanted map[string]string) {
	t.Helper()
	for path, want := range wanted {
		assert.Equal(t, want, at(t, object, path), "%s: %s", manifest.Title(object), path)
	}
}

// objectOf returns the object of a folder; overlays and policies have one namespace each.
func objectOf(t *testing.T, folder, kind, name string) *unstructured.Unstructured {
	t.Helper()
	for _, object := range buildFolder(t, folder) {
		if object.GetKind() == kind && object.GetName() == name {
			return object
		}
	}
	require.Failf(t, "missing", "%s has no %s %s", folder, kind, name)
	return nil
}

func database(t *testing.T, environment string) *unstructured.Unstructured {
	t.Helper()
	return objectOf(t, "gitops/platform/postgres", "Cluster", "postgres-"+environment)
}

// limitOf returns a role's connection limit.
func limitOf(t *testing.T, environment, role string) int {
	t.Helper()
	limit, err := strconv.Atoi(at(t, database(t, environment), `.spec.managed.roles[?(@.name=="`+role+`")].connectionLimit`))
	require.NoError(t, err, role)
	return limit
}

func TestDatabasesHaveTheSizeOfThePlan(t *testing.T) {
	t.Parallel()
	prod := database(t, "prod")
	assert.Contains(t, at(t, prod, ".spec.imageName"), "postgresql:15.")
	has(t, prod, map[string]string{
		".spec.instances": "3", ".spec.storage.size": "100Gi", ".spec.enablePDB": "true",
		".spec.resources.requests['cpu','memory']": "4 16Gi", ".spec.resources.limits['cpu','memory']": "4 16Gi",
		".spec.affinity['podAntiAffinityType','topologyKey']":     "required kubernetes.io/hostname",
		".spec.postgresql.synchronous['number','dataDurability']": "1 required",
	})
	qdrant := objectOf(t, "gitops/platform/qdrant", "StatefulSet", "qdrant")
	assert.Contains(t, at(t, qdrant, ".spec.template.spec.containers[0].image"), "qdrant:v1.19.")
	has(t, qdrant, map[string]string{
		".spec.replicas": "3",
		".spec.template.spec.containers[0].resources.requests['cpu','memory']": "8 32Gi",
		".spec.template.spec.containers[0].resources.limits['cpu','memory']":   "8 32Gi",
		".spec.volumeClaimTemplates[*].spec.resources.requests.storage":        "200Gi",
		".spec.persistentVolumeClaimRetentionPolicy.whenDeleted":               "Retain",
	})
	nodes := objectOf(t, "gitops/platform/qdrant", "Service", at(t, qdrant, ".spec.serviceName"))
	has(t, nodes, map[string]string{".spec.publishNotReadyAddresses": "true"}) // nodes meet before they are ready
	has(t, objectOf(t, "gitops/platform/qdrant", "PodDisruptionBudget", "qdrant"), map[string]string{
		".spec.selector": at(t, qdrant, ".spec.selector"), ".spec.maxUnavailable": "1",
	})
}

// The test compares each role's connection limit with the most that the Services with its
// Secret open during a rollout.
func TestEveryRoleMayOpenWhatItsFunctionsNeed(t *testing.T) {
	t.Parallel()
	for _, environment := range []string{"prod", "staging"} {
		overlay, needed := "gitops/overlays/"+environment, map[string]int{}
		has(t, objectOf(t, overlay, "ConfigMap", "database"), map[string]string{".data.max-connections": at(t, database(t, environment), ".spec.postgresql.parameters.max_connections")})
		report, err := budget.Check(buildFolder(t, overlay))
		require.NoError(t, err)
		for _, function := range report.Functions {
			role, secret := "sq_"+environment, "sequential-questioning-database"
			if function.Name == "gateway" { // it alone has the gateway's role
				role, secret = role+"_gateway", "sequential-questioning-gateway-database"
			}
			for _, object := range buildFolder(t, overlay) {
				if object.GetName() == function.Name && object.GroupVersionKind().Group == "serving.knative.dev" {
					has(t, object, map[string]string{`.spec.template.spec.containers[0].env[?(@.name=="DATABASE_URL")].valueFrom.secretKeyRef['name','key']`: secret + " url"})
				}
			}
			needed[role] += function.Connections()
		}
		allowed := 0
		for role, connections := range needed {
			assert.LessOrEqual(t, connections, limitOf(t, environment, role), role)
			allowed += limitOf(t, environment, role)
		}
		assert.Len(t, needed, 2)
		assert.Equal(t, report.Maximum-report.Reserved, allowed, "together all but the reserve, in which the owner's are")
	}
}

// The pooler multiplies the functions' connections, not those to PostgreSQL: these have
// to fit the limit of the functions' role, or PgBouncer reports errors where it would
// have let calls wait. tests/integration runs conversations through it.
func TestThePoolerOpensWhatTheFunctionsRoleMay(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../platform/postgres/prod/pooler/pooler.yaml")
	require.NoError(t, err)
	pooler := &unstructured.Unstructured{}
	require.NoError(t, yaml.Unmarshal(data, &pooler.Object))
	has(t, pooler, map[string]string{".spec.cluster.name": "postgres-prod", ".spec.pgbouncer.poolMode": "transaction"})
	number := func(path string) int {
		n, err := strconv.Atoi(at(t, pooler, path))
		require.NoError(t, err, path)
		return n
	}
	instances := number(".spec.instances")
	assert.Positive(t, number(".spec.pgbouncer.parameters.max_prepared_statements"))
	report, err := budget.Check(buildFolder(t, "gitops/overlays/prod"))
	require.NoError(t, err)
	assert.LessOrEqual(t, instances*number(".spec.pgbouncer.parameters.default_pool_size"), limitOf(t, "prod", "sq_prod"))
	assert.GreaterOrEqual(t, instances*number(".spec.pgbouncer.parameters.max_client_conn"), report.Connections(), "it takes at least what the functions open without it")
}

// `operate database init` does the rest and recognizes the database by its comment.
func TestADatabaseIsCreatedWithTheRolesOfOperate(t *testing.T) {
	t.Parallel()
	for _, environment := range []string{"prod", "staging"} {
		cluster, functions := database(t, environment), "sq_"+environment
		owner, gateway := functions+"_owner", functions+"_gateway"
		has(t, cluster, map[string]string{
			".spec.bootstrap.initdb['database','owner']": functions + " " + owner,
			".spec.enableSuperuserAccess":                "false",
			".spec.managed.roles[*].name":                owner + " " + functions + " " + gateway,
			".spec.managed.roles[*].login":               "true true true",
			// Defaults that the operator writes back.
			".spec.managed.roles[*].ensure":    "present present present",
			".spec.managed.roles[*].inherit":   "true true true",
			".spec.managed.roles[*].superuser": "",
		})
		assert.NotContains(t, at(t, cluster, ".spec.managed.roles[*].bypassrls"), "true")
		assert.Len(t, strings.Fields(at(t, cluster, ".spec.managed.roles[*].passwordSecret.name")), 3)
		assert.Contains(t, values[[]any](t, cluster.Object, "spec", "postgresql", "pg_hba"), "hostnossl all all all reject")

		assert.Equal(t, []any{
			"ALTER DEFAULT PRIVILEGES FOR ROLE " + owner + " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO " + functions,
			"ALTER DEFAULT PRIVILEGES FOR ROLE " + owner + " GRANT USAGE, SELECT ON SEQUENCES TO " + functions,
			"COMMENT ON DATABASE " + functions + " IS 'Sequential Questioning, environment " + environment + "'",
		}, values[[]any](t, cluster.Object, "spec", "bootstrap", "initdb", "postInitApplicationSQL"))
		statements := values[[]any](t, cluster.Object, "spec", "bootstrap", "initdb", "postInitSQL")
		for _, name := range []string{functions, gateway} {
			assert.Contains(t, statements, "CREATE ROLE "+name+" LOGIN NOBYPASSRLS")
			assert.Contains(t, statements, "ALTER ROLE "+name+" SET statement_timeout = '5s'")
		}
		for _, statement := range statements {
			_, err := pgquery.Parse(statement.(string))
			assert.NoError(t, err, statement)
		}
	}
}

func TestEveryChangeOfADatabaseIsArchived(t *testing.T) {
	t.Parallel()
	for environment, keep := range map[string]string{"prod": "30d", "staging": "7d"} {
		name := "postgres-" + environment
		has(t, database(t, environment), map[string]string{
			".spec.plugins[*]['enabled','isWALArchiver']":  "true true", // enabled is a default that the operator writes back
			".spec.plugins[*].parameters.barmanObjectName": name,
		})
		has(t, objectOf(t, "gitops/platform/postgres", "ObjectStore", name), map[string]string{".spec.retentionPolicy": keep})
		backup := objectOf(t, "gitops/platform/postgres", "ScheduledBackup", name)
		has(t, backup, map[string]string{
			".spec.cluster.name": name, ".spec.method": "plugin", ".spec.pluginConfiguration.name": at(t, database(t, environment), ".spec.plugins[*].name"),
		})
		assert.Len(t, strings.Fields(at(t, backup, ".spec.schedule")), 6, "the first field is seconds")
	}
}

func TestRecoveryDoesNotWriteToTheSourcesArchive(t *testing.T) {
	t.Parallel()
	const folder, name = "gitops/platform/postgres/recovery", "postgres-prod-recovered"
	assert.Len(t, buildFolder(t, folder), 3)
	has(t, objectOf(t, folder, "ScheduledBackup", name), map[string]string{".spec.cluster.name": name})
	has(t, objectOf(t, folder, "NetworkPolicy", name), map[string]string{`.spec.podSelector.matchLabels.cnpg\.io/cluster`: name})
	recovered, prod := objectOf(t, folder, "Cluster", name), database(t, "prod")
	has(t, recovered, map[string]string{
		".spec.externalClusters[*].name":                         at(t, recovered, ".spec.bootstrap.recovery.source"),
		".spec.externalClusters[*].plugin.parameters.serverName": "postgres-prod",
		".spec.plugins[*].parameters.serverName":                 "", // it archives under its own name
		".spec.resources":                                        at(t, prod, ".spec.resources"),
		".spec.postgresql":                                       at(t, prod, ".spec.postgresql"),
	})
}

// These are the edits of gitops/platform/README.md, where prod has a pooler.
func TestARecoveryTakesTwoEdits(t *testing.T) {
	t.Parallel()
	postgres := filepath.Join(ownertest.Fork(t, repositoryRoot), "gitops", "platform", "postgres")
	for file, edit := range map[string][2]string{
		"recovery/kustomization.yaml": {`targetTime: .*`, `targetTime: "2026-11-23 12:59:00+00"`},
		"kustomization.yaml":          {`# (- recovery )`, "$1"},
		"prod/kustomization.yaml":     {`# (components:\n)# (  - pooler )`, "$1$2"},
	} {
		ownertest.Edit(t, filepath.Join(postgres, file), filepath.Join(postgres, file), edit)
	}
	objects, err := manifest.Build(postgres)
	require.NoError(t, err)
	require.NoError(t, validate(t, objects...))
	times, poolers := map[string]string{}, 0
	for _, object := range objects {
		if object.GetKind() == "Pooler" {
			poolers++
		}
		if object.GetKind() == "Cluster" {
			times[object.GetName()] = at(t, object, ".spec.bootstrap.recovery.recoveryTarget.targetTime")
		}
	}
	assert.Equal(t, 1, poolers)
	assert.Equal(t, map[string]string{"postgres-prod": "", "postgres-staging": "", "postgres-prod-recovered": "2026-11-23 12:59:00+00"}, times)
}

// The egress policies of functions must match the ingress policies of the databases.
func TestNetworkPoliciesOfFunctionsAndDatabasesAgree(t *testing.T) {
	t.Parallel()
	flows := [][3]string{{"to-memory", "qdrant", "qdrant"}}
	if !chosen(t, managedPostgreSQL) {
		flows = append(flows, [3]string{"to-database", "postgres", "postgres-prod"})
	}
	for _, flow := range flows {
		var out, in networkingv1.NetworkPolicy
		decodeInto(t, objectOf(t, "policies/environments/prod", "NetworkPolicy", flow[0]), &out)
		decodeInto(t, objectOf(t, "gitops/platform/"+flow[1], "NetworkPolicy", flow[2]), &in)
		require.NotEmpty(t, out.Spec.Egress, flow)
		functions := in.Spec.Ingress[0]
		require.Len(t, functions.From, 1)
		assert.Equal(t, &out.Spec.PodSelector, functions.From[0].PodSelector, flow)
		assert.Equal(t, "sequential-questioning-prod", functions.From[0].NamespaceSelector.MatchLabels[corev1.LabelMetadataName])
		assert.Equal(t, out.Spec.Egress[0].Ports, functions.Ports, flow)
	}
}

// The test runs the CronJob's script with /bin/sh and curl against two fake nodes.
func TestSnapshotsAreTakenOfEachCollectionOnEachNode(t *testing.T) {
	t.Parallel()
	var script string
	for _, object := range buildFolder(t, "gitops/platform/qdrant") {
		if strings.HasPrefix(object.GetName(), "qdrant-snapshots-") {
			script = values[string](t, object.Object, "data", "snapshots.sh")
		}
	}
	file := filepath.Join(t.TempDir(), "snapshots.sh")
	require.NoError(t, os.WriteFile(file, []byte(script), 0o600))
	for name, c := range map[string]struct {
		collections [2]string // of the nodes; a node that is down has none
		down        bool
		taken       []string
		says        string
	}{
		"all":                                {collections: [2]string{"a b_c-d", "a"}, taken: []string{"0 a", "0 b_c-d", "1 a"}},
		"none yet":                           {},
		"one fails and the others are taken": {collections: [2]string{"broken a", "a"}, taken: []string{"0 broken", "0 a", "1 a"}, says: "/0: broken: no snapshot"},
		"a node is down and the other's are taken": {collections: [2]string{"", "a"}, down: true, taken: []string{"1 a"}, says: "/0: cannot list collections"},
	} {
		var mu sync.Mutex
		var taken []string
		server := http.NewServeMux()
		server.HandleFunc("GET /{node}/collections", func(w http.ResponseWriter, r *http.Request) {
			node, _ := strconv.Atoi(r.PathValue("node"))
			if c.down && node == 0 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			entries := strings.Fields(c.collections[node])
			for i, entry := range entries {
				entries[i] = `{"name":"` + entry + `"}`
			}
			_, _ = w.Write([]byte(`{"result":{"collections":[` + strings.Join(entries, ",") + `]},"status":"ok","time":0.00001}`))
		})
		server.HandleFunc("POST /{node}/collections/{collection}/snapshots", func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			if r.Header.Get("api-key") == "key" && r.URL.Query().Get("wait") == "true" {
				taken = append(taken, r.PathValue("node")+" "+r.PathValue("collection"))
			}
			if r.PathValue("collection") == "broken" {
				w.WriteHeader(http.StatusInternalServerError)
			}
		})
		fake := httptest.NewServer(server)
		command := exec.CommandContext(t.Context(), "sh", file)
		command.Env = append(os.Environ(), "NODES="+fake.URL+"/0 "+fake.URL+"/1", "QDRANT_API_KEY=key")
		output, err := command.CombinedOutput()
		fake.Close()
		assert.Equal(t, c.says != "", err != nil, "%s: %s", name, output)
		assert.Contains(t, string(output), c.says, name)
		assert.Equal(t, c.taken, taken, name)
	}
}
