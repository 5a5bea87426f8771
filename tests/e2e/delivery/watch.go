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

// PodWatch records the stages of pods in one namespace that start after it. Kubernetes'
// timestamps have whole seconds, so it uses the time at which it received each event.
type PodWatch struct {
	mu   sync.Mutex
	old  map[string]bool
	pods map[string]map[string]time.Time // service → stage → first seen
}

// Stages are the stages of a pod's start, as durations since a time.
// A stage that was not seen has the time of the one before it.
type Stages struct{ Made, Scheduled, Ready time.Duration }

// WatchPods watches a namespace until the context ends. A watch that cannot be opened
// records nothing; the test that reads it fails for want of stages.
func (d *Deployment) WatchPods(ctx context.Context, namespace string) *PodWatch {
	p := &PodWatch{pods: map[string]map[string]time.Time{}, old: map[string]bool{}}
	there, err := d.kube.Resource(Pods).Namespace(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return p
	}
	for _, pod := range there.Items {
		p.old[pod.GetName()] = true
	}
	events, err := d.kube.Resource(Pods).Namespace(namespace).Watch(ctx, metav1.ListOptions{ResourceVersion: there.GetResourceVersion()})
	if err != nil {
		return p
	}
	go func() {
		for event := range events.ResultChan() {
			if pod, ok := event.Object.(*unstructured.Unstructured); ok && event.Type != watch.Deleted {
				p.record(pod)
			}
		}
	}()
	return p
}

// record notes the stages that an event shows for the first time.
func (p *PodWatch) record(pod *unstructured.Unstructured) {
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

// Services returns the services whose pods were seen.
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

// Stages returns the stages of a service's first pod. A stage that was seen together with a
// later one gets the later one's time.
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
