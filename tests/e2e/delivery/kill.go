package delivery

import (
	"context"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Killing kills pods of an environment's functions, one at a time. It is safe for
// concurrent use.
// A call of a killed function may fail; what callers do about it is what is tested.
type Killing struct {
	cancel context.CancelFunc
	ended  chan struct{}

	mu     sync.Mutex
	killed []string
}

// betweenKills leaves time for a function to come back, so that each kill meets calls
// under way.
const betweenKills = time.Second

// Killing starts killing pods until Stop, without a grace period.
// A function at rest has no pod to kill; the next one is taken instead.
func (d *Deployment) Killing(ctx context.Context, environment Environment, functions ...string) *Killing {
	ctx, cancel := context.WithCancel(ctx)
	k := &Killing{cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(k.ended)
		tick := time.NewTicker(betweenKills)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			pods, err := d.kube.Resource(Pods).Namespace(string(environment)).List(ctx, metav1.ListOptions{LabelSelector: "serving.knative.dev/service"})
			if err != nil {
				// An API server under load may not answer; the next tick tries again.
				continue
			}
			// Take the functions in turn, if they have a pod.
			for j := range functions {
				name := functions[(i+j)%len(functions)]
				at := slices.IndexFunc(pods.Items, func(pod unstructured.Unstructured) bool {
					return pod.GetLabels()["serving.knative.dev/service"] == name && pod.GetDeletionTimestamp() == nil
				})
				if at < 0 {
					continue
				}
				pod := pods.Items[at].GetName()
				if d.kube.Resource(Pods).Namespace(string(environment)).Delete(ctx, pod, metav1.DeleteOptions{GracePeriodSeconds: new(int64)}) == nil {
					k.mu.Lock()
					k.killed = append(k.killed, pod)
					k.mu.Unlock()
				}
				break
			}
		}
	}()
	return k
}

// Killed returns the number of pods killed so far.
func (k *Killing) Killed() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.killed)
}

// Stop stops killing and returns the names of the killed pods.
// A second Stop returns the same.
func (k *Killing) Stop() []string {
	k.cancel()
	<-k.ended
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.killed
}
