package documents

import (
	"fmt"
	"strings"
	"testing"
)

// kinds maps the names that commands use to kinds whose objects belong to this project.
var kinds = map[string]string{
	"application": "Application", "broker": "Broker", "cluster": "Cluster", "cronjob": "CronJob", "domainmapping": "DomainMapping",
	"job": "Job", "knativeeventing": "KnativeEventing", "knativeserving": "KnativeServing", "ksvc": "Service", "objectstore": "ObjectStore",
	"pingsource": "PingSource", "scheduledbackup": "ScheduledBackup", "sinkbinding": "SinkBinding", "statefulset": "StatefulSet", "trigger": "Trigger",
}

// reference is a namespace or object in a command.
type reference struct{ kind, name string }

// references returns our namespaces and objects in a command.
func references(words []string) []reference {
	var all []reference
	verb := ""
	for i, w := range words {
		next := ""
		if i+1 < len(words) && !strings.HasPrefix(words[i+1], "-") {
			next = words[i+1]
		}
		kind, name, slash := strings.Cut(w, "/")
		switch {
		case words[0] == "argocd" && i == 3 && words[1] == "app" && !strings.HasPrefix(w, "-"):
			all = append(all, reference{"Application", w})
		case words[0] != "kubectl":
		case w == "-n" || w == "--namespace":
			all = append(all, reference{"Namespace", next})
		case slash && kinds[kind] != "":
			all = append(all, reference{kinds[kind], name})
		case kinds[w] != "" && next != "" && verb != "":
			all = append(all, reference{kinds[w], next})
		case i > 0 && !strings.HasPrefix(w, "-") && words[i-1] != "-n" && words[i-1] != "--namespace":
			verb = w
		}
	}
	return all
}

// inventory has the objects of the manifests.
type inventory map[reference]bool

// given lists objects that exist before this project.
var given = []reference{{"Namespace", "argocd"}, {"Namespace", "default"}, {"Namespace", "kube-system"}, {"StatefulSet", "argocd-application-controller"}}

func theInventory(t *testing.T) inventory {
	t.Helper()
	all := inventory{}
	for _, folder := range []string{"gitops", "policies"} {
		for _, o := range objects(t, folder) {
			all[reference{o.Kind, o.Metadata.Name}] = true
		}
	}
	for _, r := range given {
		all[r] = true
	}
	return all
}

func (i inventory) knows(r reference) error {
	if i[r] || strings.HasPrefix(r.name, "$") || strings.ToUpper(r.name) == r.name {
		return nil
	}
	return fmt.Errorf("no manifest has %s %s", r.kind, r.name)
}
