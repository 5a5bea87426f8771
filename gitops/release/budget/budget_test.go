package budget

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
)

func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	require.NoError(t, yaml.Unmarshal([]byte(text), &object.Object))
	return object
}

func database(t *testing.T, maximum, reserved string) *unstructured.Unstructured {
	return object(t, fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: database}\ndata: {max-connections: %q, reserved-connections: %q}", maximum, reserved))
}

func service(t *testing.T, name, annotations, environment string) *unstructured.Unstructured {
	return object(t, fmt.Sprintf("apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: %s}\nspec: {template: {metadata: {annotations: {%s}}, spec: {containers: [{env: [%s]}]}}}", name, annotations, environment))
}

const (
	url  = "{name: DATABASE_URL, valueFrom: {secretKeyRef: {name: database, key: url}}}"
	ten  = `autoscaling.knative.dev/max-scale: "10"`
	four = url + `, {name: DATABASE_MAX_CONNS, value: "4"}`
)

func TestTheBudgetCountsPoolsScaleRolloutMigrationsAndReserve(t *testing.T) {
	report, err := Check([]*unstructured.Unstructured{
		service(t, "ask", ten, four),
		service(t, "report", ten+`, autoscaling.knative.dev/min-scale: "2"`, four),
		service(t, "gateway", ten, "{name: GOMAXPROCS, value: \"1\"}"),
		database(t, "124", "30"),
	})
	require.NoError(t, err)
	assert.Equal(t, Report{
		Functions: []Function{{Name: "ask", Pool: 4, Instances: 10, Rollout: 1}, {Name: "report", Pool: 4, Instances: 10, Rollout: 2}},
		Reserved:  30, Maximum: 124,
	}, report)
	assert.Equal(t, "124 of 124 connections: ask 4 × (10 + 1), report 4 × (10 + 2), migrations 2, reserved 30", report.String())
}

func TestOneConnectionTooManyFailsWithTheBreakdown(t *testing.T) {
	report, err := Check([]*unstructured.Unstructured{service(t, "ask", ten, four), database(t, "65", "20")})
	assert.EqualError(t, err, "the functions may open more connections than the database allows: 66 of 65 connections: ask 4 × (10 + 1), migrations 2, reserved 20; lower max-scale or DATABASE_MAX_CONNS, or raise PostgreSQL's max_connections and max-connections with it")
	assert.Equal(t, 66, report.Connections())
}

func TestAMissingSettingIsAnErrorThatNamesIt(t *testing.T) {
	good := database(t, "100", "10")
	for wanted, objects := range map[string][]*unstructured.Unstructured{
		`function ask: DATABASE_MAX_CONNS is "": want a number from 1`:                                            {good, service(t, "ask", ten, url)},
		`function ask: DATABASE_MAX_CONNS is "many": want a number from 1`:                                        {good, service(t, "ask", ten, url+", {name: DATABASE_MAX_CONNS, value: many}")},
		`function ask: annotation autoscaling.knative.dev/max-scale of its template is "": want a number from 1`:  {good, service(t, "ask", "", four)},
		`function ask: annotation autoscaling.knative.dev/max-scale of its template is "0": want a number from 1`: {good, service(t, "ask", `autoscaling.knative.dev/max-scale: "0"`, four)},
		`function ask: annotation autoscaling.knative.dev/min-scale of its template is "x": want a number`:        {good, service(t, "ask", ten+`, autoscaling.knative.dev/min-scale: x`, four)},
		`there is no ConfigMap database`:                                         {service(t, "ask", ten, four)},
		`ConfigMap database: max-connections is "": want a number from 1`:        {database(t, "", "10")},
		`ConfigMap database: reserved-connections is "-1": want a number from 0`: {database(t, "100", "-1")},
	} {
		t.Run(wanted, func(t *testing.T) {
			_, err := Check(objects)
			assert.ErrorContains(t, err, wanted)
		})
	}
}

func TestEveryEnvironmentsFunctionsFitItsDatabase(t *testing.T) {
	for _, environment := range []string{"dev", "staging", "prod"} {
		t.Run(environment, func(t *testing.T) {
			objects, err := manifest.Build("../../overlays/" + environment)
			require.NoError(t, err)
			report, err := Check(objects)
			require.NoError(t, err)
			assert.NotEmpty(t, report.Functions)
			t.Log(report)
		})
	}
}
