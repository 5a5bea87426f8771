package main

import (
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
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/yaml"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/budget"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/owner/ownertest"
)

// cluster has the fields of a CloudNativePG Cluster that the tests read.
type cluster struct {
	Spec struct {
		Instances int
		ImageName string
		Bootstrap struct {
			InitDB struct {
				Database, Owner                     string
				PostInitSQL, PostInitApplicationSQL []string
			} `json:"initdb"`
			Recovery *struct {
				Source         string
				RecoveryTarget struct{ TargetTime string }
			}
		}
		Managed struct {
			Roles []struct {
				Name, Ensure                         string
				Login, Inherit, Bypassrls, Superuser bool
				ConnectionLimit                      int
				PasswordSecret                       struct{ Name string }
			}
		}
		PostgreSQL struct {
			Parameters  map[string]string
			PgHBA       []string `json:"pg_hba"`
			Synchronous *struct {
				Number         int
				DataDurability string
			}
		} `json:"postgresql"`
		Plugins []struct {
			Name                   string
			Enabled, IsWALArchiver bool
			Parameters             map[string]string
		}
		ExternalClusters []struct {
			Name   string
			Plugin struct{ Parameters map[string]string }
		}
		Storage               struct{ Size resource.Quantity }
		Resources             corev1.ResourceRequirements
		Affinity              struct{ PodAntiAffinityType, TopologyKey string }
		EnablePDB             bool
		EnableSuperuserAccess bool
	}
}

func readCluster(t *testing.T, environment string) (read cluster) {
	t.Helper()
	decodeInto(t, readPlatform(t).object(t, "platform-postgres", "Cluster", "postgres-"+environment), &read)
	return read
}

func TestProdsDatabaseHasTheSizeOfThePlan(t *testing.T) {
	t.Parallel()
	spec := readCluster(t, "prod").Spec
	assert.Equal(t, 3, spec.Instances)
	assert.Contains(t, spec.ImageName, "postgresql:15.")
	assert.Equal(t, "100Gi", spec.Storage.Size.String())
	for _, resources := range []corev1.ResourceList{spec.Resources.Requests, spec.Resources.Limits} {
		assert.Equal(t, "4", resources.Cpu().String())
		assert.Equal(t, "16Gi", resources.Memory().String())
	}
	assert.Equal(t, "required", spec.Affinity.PodAntiAffinityType)
	assert.Equal(t, "kubernetes.io/hostname", spec.Affinity.TopologyKey)
	assert.True(t, spec.EnablePDB)
	require.NotNil(t, spec.PostgreSQL.Synchronous)
	assert.Equal(t, 1, spec.PostgreSQL.Synchronous.Number)
	assert.Equal(t, "required", spec.PostgreSQL.Synchronous.DataDurability)
}

func TestADatabaseAllowsTheConnectionsOfTheBudget(t *testing.T) {
	t.Parallel()
	for _, environment := range []string{"prod", "staging"} {
		for _, object := range buildFolder(t, "gitops/overlays/"+environment) {
			if object.GetKind() == "ConfigMap" && object.GetName() == "database" {
				assert.Equal(t, values[string](t, object.Object, "data", "max-connections"),
					readCluster(t, environment).Spec.PostgreSQL.Parameters["max_connections"], environment)
			}
		}
	}
}

// The test compares each role's connection limit with the most that the Services with its
// Secret open during a rollout.
func TestEveryRoleMayOpenWhatItsFunctionsNeed(t *testing.T) {
	t.Parallel()
	for _, environment := range []string{"prod", "staging"} {
		t.Run(environment, func(t *testing.T) {
			objects := buildFolder(t, "gitops/overlays/"+environment)
			report, err := budget.Check(objects)
			require.NoError(t, err)
			needed := map[string]int{}
			for _, function := range report.Functions {
				secret := databaseSecret(t, objects, function.Name)
				role := map[string]string{"sequential-questioning-database": "sq_" + environment, "sequential-questioning-gateway-database": "sq_" + environment + "_gateway"}[secret]
				require.NotEmpty(t, role, "%s reads %s", function.Name, secret)
				assert.Equal(t, function.Name == "gateway", role == "sq_"+environment+"_gateway", "the gateway alone has the gateway's role: %s", function.Name)
				needed[role] += function.Connections()
			}
			allowed := 0
			for _, role := range readCluster(t, environment).Spec.Managed.Roles {
				assert.LessOrEqual(t, needed[role.Name], role.ConnectionLimit, role.Name)
				if _, serves := needed[role.Name]; serves {
					allowed += role.ConnectionLimit
				}
			}
			assert.Len(t, needed, 2)
			assert.Equal(t, report.Maximum-report.Reserved, allowed, "together all but the reserve, in which the owner's are")
		})
	}
}

// The pooler multiplies the functions' connections, not those to PostgreSQL: these have
// to fit the limit of the functions' role, or PgBouncer reports errors where it would
// have let calls wait. tests/integration runs conversations through it.
func TestThePoolerOpensWhatTheFunctionsRoleMay(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../platform/postgres/prod/pooler/pooler.yaml")
	require.NoError(t, err)
	var pooler struct {
		Spec struct {
			Cluster   struct{ Name string }
			Instances int
			PgBouncer struct {
				PoolMode   string
				Parameters map[string]string
			} `json:"pgbouncer"`
		}
	}
	require.NoError(t, yaml.Unmarshal(data, &pooler))
	assert.Equal(t, "postgres-prod", pooler.Spec.Cluster.Name)
	assert.Equal(t, "transaction", pooler.Spec.PgBouncer.PoolMode)
	number := func(parameter string) int {
		n, err := strconv.Atoi(pooler.Spec.PgBouncer.Parameters[parameter])
		require.NoError(t, err, parameter)
		return n * pooler.Spec.Instances
	}
	assert.Positive(t, number("max_prepared_statements"))
	report, err := budget.Check(buildFolder(t, "gitops/overlays/prod"))
	require.NoError(t, err)
	for _, role := range readCluster(t, "prod").Spec.Managed.Roles {
		if role.Name == "sq_prod" {
			assert.LessOrEqual(t, number("default_pool_size"), role.ConnectionLimit)
		}
	}
	assert.GreaterOrEqual(t, number("max_client_conn"), report.Connections(), "it takes at least what the functions open without it")
}

// databaseSecret returns the name of the Secret with a Knative Service's DATABASE_URL.
func databaseSecret(t *testing.T, objects []*unstructured.Unstructured, name string) string {
	t.Helper()
	for _, object := range objects {
		if object.GetKind() != "Service" || object.GetName() != name {
			continue
		}
		var service servingv1.Service
		decodeInto(t, object, &service)
		for _, variable := range service.Spec.Template.Spec.Containers[0].Env {
			if variable.Name == "DATABASE_URL" {
				require.NotNil(t, variable.ValueFrom)
				require.NotNil(t, variable.ValueFrom.SecretKeyRef)
				assert.Equal(t, "url", variable.ValueFrom.SecretKeyRef.Key)
				return variable.ValueFrom.SecretKeyRef.Name
			}
		}
	}
	return ""
}

// `operate database init` does the rest and recognizes the database by its comment.
func TestADatabaseIsCreatedWithTheRolesOfOperate(t *testing.T) {
	t.Parallel()
	for _, environment := range []string{"prod", "staging"} {
		t.Run(environment, func(t *testing.T) {
			spec := readCluster(t, environment).Spec
			functions, owner, gateway := "sq_"+environment, "sq_"+environment+"_owner", "sq_"+environment+"_gateway"
			assert.Equal(t, functions, spec.Bootstrap.InitDB.Database)
			assert.Equal(t, owner, spec.Bootstrap.InitDB.Owner)
			assert.False(t, spec.EnableSuperuserAccess)

			require.Len(t, spec.Managed.Roles, 3)
			for i, name := range []string{owner, functions, gateway} {
				role := spec.Managed.Roles[i]
				assert.Equal(t, name, role.Name)
				assert.True(t, role.Login)
				assert.Equal(t, "present", role.Ensure, "a default that the operator writes back")
				assert.True(t, role.Inherit, "a default that the operator writes back")
				assert.False(t, role.Bypassrls)
				assert.False(t, role.Superuser)
				assert.NotEmpty(t, role.PasswordSecret.Name)
			}

			assert.Equal(t, []string{
				"ALTER DEFAULT PRIVILEGES FOR ROLE " + owner + " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO " + functions,
				"ALTER DEFAULT PRIVILEGES FOR ROLE " + owner + " GRANT USAGE, SELECT ON SEQUENCES TO " + functions,
				"COMMENT ON DATABASE " + functions + " IS 'Sequential Questioning, environment " + environment + "'",
			}, spec.Bootstrap.InitDB.PostInitApplicationSQL)
			for _, name := range []string{functions, gateway} {
				assert.Contains(t, spec.Bootstrap.InitDB.PostInitSQL, "CREATE ROLE "+name+" LOGIN NOBYPASSRLS")
				assert.Contains(t, spec.Bootstrap.InitDB.PostInitSQL, "ALTER ROLE "+name+" SET statement_timeout = '5s'")
			}
			for _, statement := range append(spec.Bootstrap.InitDB.PostInitSQL, spec.Bootstrap.InitDB.PostInitApplicationSQL...) {
				_, err := pgquery.Parse(statement)
				assert.NoError(t, err, statement)
			}
			assert.Contains(t, spec.PostgreSQL.PgHBA, "hostnossl all all all reject") // a line of pg_hba.conf
		})
	}
}

func TestEveryChangeOfADatabaseIsArchived(t *testing.T) {
	t.Parallel()
	p := readPlatform(t)
	for environment, keep := range map[string]string{"prod": "30d", "staging": "7d"} {
		t.Run(environment, func(t *testing.T) {
			name := "postgres-" + environment
			plugins := readCluster(t, environment).Spec.Plugins
			require.Len(t, plugins, 1)
			assert.True(t, plugins[0].IsWALArchiver)
			assert.True(t, plugins[0].Enabled, "a default that the operator writes back")
			assert.Equal(t, name, plugins[0].Parameters["barmanObjectName"])

			store := p.object(t, "platform-postgres", "ObjectStore", name)
			assert.Equal(t, keep, values[string](t, store.Object, "spec", "retentionPolicy"))

			backup := p.object(t, "platform-postgres", "ScheduledBackup", name)
			assert.Equal(t, name, values[string](t, backup.Object, "spec", "cluster", "name"))
			assert.Equal(t, "plugin", values[string](t, backup.Object, "spec", "method"))
			assert.Equal(t, plugins[0].Name, values[string](t, backup.Object, "spec", "pluginConfiguration", "name"))
			assert.Len(t, strings.Fields(values[string](t, backup.Object, "spec", "schedule")), 6, "the first field is seconds")
		})
	}
}

func TestRecoveryDoesNotWriteToTheSourcesArchive(t *testing.T) {
	t.Parallel()
	prod, taken := readCluster(t, "prod"), set{}
	for _, object := range readPlatform(t).own["platform-postgres"] {
		taken.add(object.GetKind() + " " + object.GetName())
	}
	var recovered cluster
	for _, object := range buildFolder(t, "gitops/platform/postgres/recovery") {
		assert.NotContains(t, taken, object.GetKind()+" "+object.GetName())
		switch object.GetKind() {
		case "Cluster":
			decodeInto(t, object, &recovered)
			assert.Equal(t, "postgres-prod-recovered", object.GetName())
		case "ScheduledBackup":
			assert.Equal(t, "postgres-prod-recovered", values[string](t, object.Object, "spec", "cluster", "name"))
		case "NetworkPolicy":
			assert.Equal(t, "postgres-prod-recovered", values[string](t, object.Object, "spec", "podSelector", "matchLabels", "cnpg.io/cluster"))
		default:
			t.Errorf("what is a %s for?", object.GetKind())
		}
	}
	require.NotNil(t, recovered.Spec.Bootstrap.Recovery)
	assert.NotEmpty(t, recovered.Spec.Bootstrap.Recovery.RecoveryTarget.TargetTime)
	require.Len(t, recovered.Spec.ExternalClusters, 1)
	assert.Equal(t, recovered.Spec.Bootstrap.Recovery.Source, recovered.Spec.ExternalClusters[0].Name)
	assert.Equal(t, "postgres-prod", recovered.Spec.ExternalClusters[0].Plugin.Parameters["serverName"])
	assert.NotContains(t, recovered.Spec.Plugins[0].Parameters, "serverName", "it archives under its own name")
	assert.Equal(t, prod.Spec.Resources, recovered.Spec.Resources)
	assert.Equal(t, prod.Spec.PostgreSQL, recovered.Spec.PostgreSQL)
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
			times[object.GetName()], _, err = unstructured.NestedString(object.Object, "spec", "bootstrap", "recovery", "recoveryTarget", "targetTime")
			require.NoError(t, err)
		}
	}
	assert.Equal(t, 1, poolers)
	assert.Equal(t, map[string]string{"postgres-prod": "", "postgres-staging": "", "postgres-prod-recovered": "2026-11-23 12:59:00+00"}, times)
}

func TestQdrantHasTheSizeOfThePlan(t *testing.T) {
	t.Parallel()
	p := readPlatform(t)
	var qdrant appsv1.StatefulSet
	decodeInto(t, p.object(t, "platform-qdrant", "StatefulSet", "qdrant"), &qdrant)
	assert.EqualValues(t, 3, *qdrant.Spec.Replicas)
	container := qdrant.Spec.Template.Spec.Containers[0]
	assert.Contains(t, container.Image, "qdrant:v1.19.")
	for _, resources := range []corev1.ResourceList{container.Resources.Requests, container.Resources.Limits} {
		assert.Equal(t, "8", resources.Cpu().String())
		assert.Equal(t, "32Gi", resources.Memory().String())
	}
	require.Len(t, qdrant.Spec.VolumeClaimTemplates, 1)
	assert.Equal(t, "200Gi", qdrant.Spec.VolumeClaimTemplates[0].Spec.Resources.Requests.Storage().String())
	assert.Equal(t, appsv1.RetainPersistentVolumeClaimRetentionPolicyType, qdrant.Spec.PersistentVolumeClaimRetentionPolicy.WhenDeleted)

	var headless corev1.Service
	decodeInto(t, p.object(t, "platform-qdrant", "Service", qdrant.Spec.ServiceName), &headless)
	assert.True(t, headless.Spec.PublishNotReadyAddresses, "nodes meet before they are ready")
	var budget policyv1.PodDisruptionBudget
	decodeInto(t, p.object(t, "platform-qdrant", "PodDisruptionBudget", "qdrant"), &budget)
	assert.Equal(t, qdrant.Spec.Selector, budget.Spec.Selector)
	assert.Equal(t, 1, budget.Spec.MaxUnavailable.IntValue())
}

// The egress policies of functions must match the ingress policies of the databases.
func TestNetworkPoliciesOfFunctionsAndDatabasesAgree(t *testing.T) {
	t.Parallel()
	p := readPlatform(t)
	type flow struct{ out, application, in string }
	flows := []flow{{"to-memory", "platform-qdrant", "qdrant"}}
	if !chosen(t, managedPostgreSQL) {
		flows = append(flows, flow{"to-database", "platform-postgres", "postgres-prod"})
	}
	for _, flow := range flows {
		var out, in networkingv1.NetworkPolicy
		for _, object := range buildFolder(t, "policies/environments/prod") {
			if object.GetName() == flow.out {
				decodeInto(t, object, &out)
			}
		}
		decodeInto(t, p.object(t, flow.application, "NetworkPolicy", flow.in), &in)
		require.NotEmpty(t, out.Spec.Egress, flow.out)
		functions := in.Spec.Ingress[0]
		require.Len(t, functions.From, 1)
		assert.Equal(t, &out.Spec.PodSelector, functions.From[0].PodSelector, flow.in)
		assert.Equal(t, "sequential-questioning-prod", functions.From[0].NamespaceSelector.MatchLabels[corev1.LabelMetadataName])
		assert.Equal(t, out.Spec.Egress[0].Ports, functions.Ports, flow.in)
	}
}

// The test runs the CronJob's script with /bin/sh and curl against a fake Qdrant.
func TestSnapshotsAreTakenOfEachCollectionOnEachNode(t *testing.T) {
	t.Parallel()
	type node struct {
		lists    string
		status   int
		snapshot []string
	}
	run := func(t *testing.T, nodes map[string]*node) (output string, err error) {
		t.Helper()
		var mu sync.Mutex
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			name, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
			asked := nodes[name]
			switch {
			case r.Header.Get("api-key") != "key":
				w.WriteHeader(http.StatusUnauthorized)
			case r.Method == http.MethodGet && path == "collections":
				if asked.status != 0 {
					w.WriteHeader(asked.status)
				}
				_, _ = w.Write([]byte(asked.lists))
			case r.Method == http.MethodPost && r.URL.Query().Get("wait") == "true":
				asked.snapshot = append(asked.snapshot, path)
				if strings.Contains(path, "broken") {
					w.WriteHeader(http.StatusInternalServerError)
				}
			default:
				w.WriteHeader(http.StatusNotFound)
			}
		}))
		defer server.Close()
		var urls []string
		for _, name := range []string{"first", "second"} {
			urls = append(urls, server.URL+"/"+name)
		}
		script := filepath.Join(t.TempDir(), "snapshots.sh")
		require.NoError(t, os.WriteFile(script, []byte(snapshotScript(t)), 0o600))
		command := exec.CommandContext(t.Context(), "sh", script)
		command.Env = append(os.Environ(), "NODES="+strings.Join(urls, " "), "QDRANT_API_KEY=key")
		both, err := command.CombinedOutput()
		return string(both), err
	}
	list := func(names ...string) string {
		var entries []string
		for _, name := range names {
			entries = append(entries, `{"name":"`+name+`"}`)
		}
		return `{"result":{"collections":[` + strings.Join(entries, ",") + `]},"status":"ok","time":0.00001}`
	}

	t.Run("all", func(t *testing.T) {
		nodes := map[string]*node{"first": {lists: list("a", "b_c-d")}, "second": {lists: list("a")}}
		output, err := run(t, nodes)
		require.NoError(t, err, output)
		assert.Equal(t, []string{"collections/a/snapshots", "collections/b_c-d/snapshots"}, nodes["first"].snapshot)
		assert.Equal(t, []string{"collections/a/snapshots"}, nodes["second"].snapshot)
	})
	t.Run("none yet", func(t *testing.T) {
		output, err := run(t, map[string]*node{"first": {lists: list()}, "second": {lists: list()}})
		assert.NoError(t, err, output)
	})
	t.Run("one fails and the others are taken", func(t *testing.T) {
		nodes := map[string]*node{"first": {lists: list("broken", "a")}, "second": {lists: list("a")}}
		output, err := run(t, nodes)
		assert.Error(t, err)
		assert.Contains(t, output, "/first: broken: no snapshot")
		assert.Len(t, nodes["first"].snapshot, 2)
		assert.Len(t, nodes["second"].snapshot, 1)
	})
	t.Run("a node is down and the other's are taken", func(t *testing.T) {
		nodes := map[string]*node{"first": {status: http.StatusServiceUnavailable}, "second": {lists: list("a")}}
		output, err := run(t, nodes)
		assert.Error(t, err)
		assert.Contains(t, output, "/first: cannot list collections")
		assert.Len(t, nodes["second"].snapshot, 1)
	})
}

func snapshotScript(t *testing.T) string {
	t.Helper()
	for _, object := range readPlatform(t).own["platform-qdrant"] {
		if object.GetKind() == "ConfigMap" && strings.HasPrefix(object.GetName(), "qdrant-snapshots-") {
			return values[string](t, object.Object, "data", "snapshots.sh")
		}
	}
	require.Fail(t, "no script")
	return ""
}
