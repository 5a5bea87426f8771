// Command ingress is a Knative ingress for one node: it serves the Ingress objects of its
// class itself, without a separate proxy.
//
// It supports hosts, visibility, path prefixes, header matches, traffic splits, appended
// headers, host rewrites, upgrades and HTTP/2 without TLS, but neither TLS nor redirects.
// An Ingress is ready once its routes are in force, which is at once, since this process
// serves them.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"knative.dev/networking/pkg/apis/networking"
	"knative.dev/networking/pkg/apis/networking/v1alpha1"
	"knative.dev/networking/pkg/client/clientset/versioned"
	networkinginformers "knative.dev/networking/pkg/client/informers/externalversions"
	networkinglisters "knative.dev/networking/pkg/client/listers/networking/v1alpha1"
)

// The domains are those of the Services in manifests/ingress.yaml; Knative writes them into
// other objects, so they must resolve within the cluster. Class is the one that
// config-network names.
const (
	class          = "cluster.ingress.networking.knative.dev"
	publicDomain   = "ingress.knative-serving.svc.cluster.local"
	internalDomain = "ingress-internal.knative-serving.svc.cluster.local"

	publicAddress   = ":8080"
	internalAddress = ":8081"
	healthAddress   = ":8082"

	resync = 10 * time.Minute
	retry  = 200 * time.Millisecond
)

// controller turns Ingresses into the proxy's routes. It reads from informers' caches only;
// changed has room for one notice, which is enough because a reconciliation reads everything.
type controller struct {
	client    versioned.Interface
	ingresses networkinglisters.IngressLister
	services  corelisters.ServiceLister
	proxy     *proxy
	changed   chan struct{}
}

func main() {
	log.Fatal(run(context.Background()))
}

// run serves until one of the servers fails. The routes are complete before the first server
// listens, so a restart never answers 404 for a route that exists.
func run(ctx context.Context) error {
	configuration, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	// The client's defaults (5 a second) would delay readiness when many revisions start at once.
	configuration.QPS, configuration.Burst = 100, 200
	client, err := versioned.NewForConfig(configuration)
	if err != nil {
		return err
	}
	core, err := kubernetes.NewForConfig(configuration)
	if err != nil {
		return err
	}
	networkingFactory := networkinginformers.NewSharedInformerFactory(client, resync)
	coreFactory := informers.NewSharedInformerFactory(core, resync)
	ingresses := networkingFactory.Networking().V1alpha1().Ingresses()
	services := coreFactory.Core().V1().Services()
	endpoints := coreFactory.Discovery().V1().EndpointSlices()
	c := &controller{
		client:    client,
		ingresses: ingresses.Lister(),
		services:  services.Lister(),
		proxy:     newProxy(),
		changed:   make(chan struct{}, 1),
	}
	for informer, notify := range map[cache.SharedIndexInformer]func(){
		ingresses.Informer(): c.notify,
		services.Informer():  c.notify,
		endpoints.Informer(): c.proxy.moved,
	} {
		if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(any) { notify() },
			UpdateFunc: func(any, any) { notify() },
			DeleteFunc: func(any) { notify() },
		}); err != nil {
			return err
		}
	}
	networkingFactory.Start(ctx.Done())
	coreFactory.Start(ctx.Done())
	networkingFactory.WaitForCacheSync(ctx.Done())
	coreFactory.WaitForCacheSync(ctx.Done())
	c.reconcile(ctx)
	go func() {
		for range c.changed {
			c.reconcile(ctx)
		}
	}()

	stopped := make(chan error)
	go func() { stopped <- serve(publicAddress, c.proxy.public) }()
	go func() { stopped <- serve(internalAddress, c.proxy.internal) }()
	go func() {
		stopped <- serve(healthAddress, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	}()
	return <-stopped
}

// notify requests a reconciliation; pending requests are merged.
func (c *controller) notify() {
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// reconcile compiles all Ingresses anew and then reports their states: the routes are in force
// before anybody reads that they are. Calls do not overlap. A failed report is retried, a
// failed route only after a change or a resync.
func (c *controller) reconcile(ctx context.Context) {
	all, err := c.ingresses.List(labels.Everything())
	if err != nil {
		log.Printf("listing Ingresses: %v", err)
		return
	}
	var mine []*v1alpha1.Ingress
	for _, ingress := range all {
		if ingress.Annotations[networking.IngressClassAnnotationKey] == class && ingress.DeletionTimestamp == nil {
			mine = append(mine, ingress)
		}
	}
	compiled, failed := compile(mine, c.services)
	c.proxy.routes.Store(compiled)
	for _, ingress := range mine {
		if err := c.report(ctx, ingress, failed[ingress]); err != nil {
			log.Printf("updating the status of %s/%s: %v", ingress.Namespace, ingress.Name, err)
			time.AfterFunc(retry, c.notify)
		}
	}
}

// report writes to an Ingress's status whether it is served.
// It writes only differences: each write is a change and would start another reconciliation.
func (c *controller) report(ctx context.Context, ingress *v1alpha1.Ingress, failure error) error {
	updated := ingress.DeepCopy()
	updated.SetDefaults(ctx)
	updated.Status.InitializeConditions()
	updated.Status.ObservedGeneration = ingress.Generation
	if failure != nil {
		updated.Status.MarkIngressNotReady("NotServed", failure.Error())
		updated.Status.MarkLoadBalancerNotReady()
	} else {
		updated.Status.MarkNetworkConfigured()
		updated.Status.MarkLoadBalancerReady(
			[]v1alpha1.LoadBalancerIngressStatus{{DomainInternal: publicDomain}},
			[]v1alpha1.LoadBalancerIngressStatus{{DomainInternal: internalDomain}},
		)
	}
	if equality.Semantic.DeepEqual(updated.Status, ingress.Status) {
		return nil
	}
	_, err := c.client.NetworkingV1alpha1().Ingresses(ingress.Namespace).UpdateStatus(ctx, updated, metav1.UpdateOptions{})
	return err
}
