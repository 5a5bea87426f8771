package delivery

import (
	"context"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
)

// PodWatch follows the pods of one namespace that began after it did. Kubernetes
// notes whole seconds; this notes when it heard.
type PodWatch struct {
	mu   sync.Mutex
	old  map[string]bool
	pods map[string]map[string]time.Time // service → stage → first heard
}

// Stages of a pod's start, since a moment.
type Stages struct{ Made, Scheduled, Ready time.Duration }

// WatchPods begins to follow a namespace, until the context ends.
func (w *World) WatchPods(ctx context.Context, namespace string) *PodWatch {
	p := &PodWatch{pods: map[string]map[string]time.Time{}, old: map[string]bool{}}
	there, err := w.kube.Resource(Pods).Namespace(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return p
	}
	for _, pod := range there.Items {
		p.old[pod.GetName()] = true
	}
	events, err := w.kube.Resource(Pods).Namespace(namespace).Watch(ctx, metav1.ListOptions{ResourceVersion: there.GetResourceVersion()})
	if err != nil {
		return p
	}
	go func() {
		for event := range events.ResultChan() {
			if pod, ok := event.Object.(*unstructured.Unstructured); ok && event.Type != watch.Deleted {
				p.hear(pod)
			}
		}
	}()
	return p
}

func (p *PodWatch) hear(pod *unstructured.Unstructured) {
	service := pod.GetLabels()["serving.knative.dev/service"]
	if p.old[pod.GetName()] || service == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	stages, ok := p.pods[service]
	if !ok {
		stages = map[string]time.Time{"Made": time.Now()}
		p.pods[service] = stages
	}
	for _, stage := range []string{"PodScheduled", "Ready"} {
		if status, _ := Condition(pod, stage); status == "True" && stages[stage].IsZero() {
			stages[stage] = time.Now()
		}
	}
}

// Services are the services whose pods were heard of.
func (p *PodWatch) Services() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for name := range p.pods {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// Stages of the first pod of a service. A stage that was heard of together with a
// later one counts as reached then.
func (p *PodWatch) Stages(since time.Time, service string) Stages {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.pods[service]
	var s Stages
	latest := time.Duration(0)
	for _, stage := range []struct {
		name string
		into *time.Duration
	}{{"Made", &s.Made}, {"PodScheduled", &s.Scheduled}, {"Ready", &s.Ready}} {
		if heard, ok := at[stage.name]; ok {
			latest = max(latest, heard.Sub(since))
		}
		*stage.into = latest
	}
	return s
}
