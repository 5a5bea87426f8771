package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// dumps maps files to the kubectl commands whose output they get. Secrets are not
// among them.
var dumps = map[string][]string{
	"all.txt":           {"get", "all", "--all-namespaces", "--output", "wide"},
	"events.txt":        {"get", "events", "--all-namespaces", "--sort-by", ".lastTimestamp"},
	"pods.txt":          {"describe", "pods", "--all-namespaces"},
	"nodes.txt":         {"describe", "nodes"},
	"services.yaml":     {"get", "services.serving.knative.dev,configurations.serving.knative.dev,revisions,routes.serving.knative.dev", "--all-namespaces", "--output", "yaml"},
	"networking.yaml":   {"get", "ingresses.networking.internal.knative.dev,serverlessservices,podautoscalers,endpointslices", "--all-namespaces", "--output", "yaml"},
	"eventing.yaml":     {"get", "brokers,triggers,subscriptions,channels,sinkbindings,pingsources", "--all-namespaces", "--output", "yaml"},
	"applications.yaml": {"get", "applications,appprojects,applicationsets", "--all-namespaces", "--output", "yaml"},
	"configmaps.yaml":   {"get", "configmaps", "--all-namespaces", "--output", "yaml"},
}

// Logs copies a cluster's logs and API objects, without Secrets, into a folder.
// If the API server does not respond, the folder has its error in place of the objects. A
// failing command does not stop the others; its error is in its file.
func Logs(ctx context.Context, s *Settings, folder string) error {
	if !fileExists(s.state("logs")) {
		return fmt.Errorf("cluster %s is not running", s.Name)
	}
	if err := copyLogs(s.state("logs"), folder); err != nil {
		return err
	}
	c, err := load(s)
	if err != nil || c == nil {
		return err
	}
	if _, err := c.kubectl(ctx, "", "get", "--raw", "/readyz", "--request-timeout=5s"); err != nil {
		return os.WriteFile(filepath.Join(folder, "kubectl.txt"), []byte(err.Error()+"\n"), 0o644)
	}
	for name, arguments := range dumps {
		output, err := c.kubectl(ctx, "", arguments...)
		if err != nil {
			output = strings.TrimSpace(output + "\n" + err.Error())
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(output+"\n"), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// copyLogs follows no links, since a pod's log may already be deleted.
func copyLogs(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(path, from))
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o644)
	})
}
