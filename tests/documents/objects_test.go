package documents

import (
	"fmt"
	"strings"
	"testing"
)

// kinds are the names by which commands call kinds whose objects are this
// project's own.
var kinds = map[string]string{
	"application": "Application", "broker": "Broker", "cluster": "Cluster", "cronjob": "CronJob", "domainmapping": "DomainMapping",
	"job": "Job", "knativeeventing": "KnativeEventing", "knativeserving": "KnativeServing", "ksvc": "Service", "objectstore": "ObjectStore",
	"pingsource": "PingSource", "scheduledbackup": "ScheduledBackup", "sinkbinding": "SinkBinding", "statefulset": "StatefulSet", "trigger": "Trigger",
}

// reference is what a command names: a namespace, or an object.
type reference struct{ kind, name string }

// references returns the namespaces and objects of ours that a command names.
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

// world are the objects that the manifests make.
type world map[reference]bool

// given is there before this project.
var given = []reference{{"Namespace", "argocd"}, {"Namespace", "default"}, {"Namespace", "kube-system"}, {"StatefulSet", "argocd-application-controller"}}

func theWorld(t *testing.T) world {
	t.Helper()
	w := world{}
	for _, folder := range []string{"gitops", "policies"} {
		for _, o := range objects(t, folder) {
			w[reference{o.Kind, o.Metadata.Name}] = true
		}
	}
	for _, r := range given {
		w[r] = true
	}
	return w
}

func (w world) knows(r reference) error {
	if w[r] || strings.HasPrefix(r.name, "$") || strings.ToUpper(r.name) == r.name {
		return nil
	}
	return fmt.Errorf("no manifest makes %s %s", r.kind, r.name)
}
