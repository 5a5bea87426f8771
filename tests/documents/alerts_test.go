package documents

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var cluster = regexp.MustCompile(`\bcluster=~?"([^"]+)"`)

type alert struct {
	Alert, Expr string
	Annotations map[string]string
}

func TestAlertsAndRunbookSectionsCorrespond(t *testing.T) {
	t.Parallel()
	var fire, explained []string
	for _, a := range alerts(t) {
		fire = append(fire, a.Alert)
	}
	for _, s := range alertSections(t) {
		explained = append(explained, s.title)
	}
	slices.Sort(fire)
	assert.Equal(t, slices.Compact(slices.Clone(fire)), fire, "an alert is defined twice")
	slices.Sort(explained)
	assert.Equal(t, fire, explained)
}

func TestEveryAlertLinksToItsSection(t *testing.T) {
	t.Parallel()
	anchors := map[string]bool{}
	for _, s := range sections(read(t, runbook)) {
		anchors[s.anchor] = true
	}
	for _, a := range alerts(t) {
		where, found := strings.CutPrefix(a.Annotations["runbook_url"], "runbook#") // gitops/owner has its address
		assert.True(t, found, "%s: runbook_url is %q", a.Alert, a.Annotations["runbook_url"])
		assert.Equal(t, strings.ToLower(a.Alert), where)
		assert.True(t, anchors[where], "%s leads to #%s, which is not in %s", a.Alert, where, runbook)
	}
}

func TestEveryAlertSectionHasMeaningChecksActionsAndEscalation(t *testing.T) {
	t.Parallel()
	for _, s := range alertSections(t) {
		for _, part := range []string{"Meaning", "Check", "Act", "Escalate"} {
			assert.Contains(t, s.body, "**"+part+".**", s.title)
		}
	}
}

func TestEveryDatabaseClusterThatAnAlertWatchesIsInTheManifests(t *testing.T) {
	t.Parallel()
	var clusters []string
	for r := range theInventory(t) {
		if r.kind == "Cluster" {
			clusters = append(clusters, r.name)
		}
	}
	watched := 0
	for _, a := range alerts(t) {
		for _, match := range cluster.FindAllStringSubmatch(a.Expr, -1) {
			watched++
			name := regexp.MustCompile("^(?:" + match[1] + ")$")
			assert.True(t, slices.ContainsFunc(clusters, name.MatchString), "%s watches %s; there are %s", a.Alert, match[1], clusters)
		}
	}
	assert.Positive(t, watched)
}

// alerts returns every alert of the PrometheusRules.
func alerts(t *testing.T) []alert {
	t.Helper()
	var all []alert
	for _, o := range objects(t, "gitops/platform/monitoring") {
		if o.Kind != "PrometheusRule" {
			continue
		}
		var spec struct{ Groups []struct{ Rules []alert } }
		require.NoError(t, o.Spec.Decode(&spec), o.Metadata.Name)
		for _, group := range spec.Groups {
			for _, rule := range group.Rules {
				if rule.Alert != "" {
					all = append(all, rule)
				}
			}
		}
	}
	require.NotEmpty(t, all)
	return all
}

// alertSections returns the sections below the runbook's heading Alerts.
func alertSections(t *testing.T) []section {
	t.Helper()
	var below []section
	in := false
	for _, s := range sections(read(t, runbook)) {
		switch {
		case s.level <= 2:
			in = s.title == "Alerts"
		case in && s.level == 4:
			below = append(below, s)
		}
	}
	require.NotEmpty(t, below)
	return below
}
