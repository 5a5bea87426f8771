package e2e

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	. "github.com/sequential-questioning/sequential-questioning/tests/e2e/delivery"
)

const (
	coldRounds  = 5
	helloSpace  = "e2e-hello"
	helloObject = `
apiVersion: v1
kind: Namespace
metadata: {name: ` + helloSpace + `}
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: hello, namespace: ` + helloSpace + `}
spec:
  template:
    spec:
      containers:
        - image: %s
          resources: {requests: {cpu: 50m, memory: 32Mi}, limits: {cpu: "1", memory: 128Mi}}
`
)

func TestScaleToZeroAndBack(t *testing.T) {
	begin(t)
	route := deployment.Route(Staging)
	_, err := deployment.Kubectl(t.Context(), fmt.Sprintf(helloObject, deployment.Cluster.Hello), "apply", "--server-side", "-f", "-")
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := deployment.Kubectl(context.Background(), "", "delete", "namespace", helloSpace, "--wait=false")
		require.NoError(t, err)
	})
	_, err = deployment.Kubectl(t.Context(), "", "wait", "--for=condition=Ready", "--timeout=5m", "--namespace", helloSpace, "ksvc/hello")
	require.NoError(t, err)

	opened, err := Call(t.Context(), route, askTool, trip)
	require.NoError(t, err)
	_, err = Call(t.Context(), route, followUpTool, map[string]any{"user_id": family, "conversation_id": opened["conversation_id"], "answers": answers("destination")})
	require.NoError(t, err)

	t.Run("discovery only starts the gateway", func(t *testing.T) {
		require.NoError(t, deployment.Asleep(t.Context(), string(Staging)))
		watch := deployment.WatchPods(t.Context(), string(Staging))
		result, err := Request(t.Context(), route, "tools/list", "", nil)
		require.NoError(t, err)
		require.NotEmpty(t, result["tools"])
		require.NoError(t, deployment.Asleep(t.Context(), string(Staging))) // all started instances are gone again
		require.Equal(t, []string{"gateway"}, watch.Services())
	})

	var hello, whole, warm []time.Duration
	var stages []Stages
	for range coldRounds {
		require.NoError(t, deployment.Asleep(t.Context(), helloSpace))
		took, err := Took(func() error {
			status, body, err := deployment.Public(t.Context(), "hello", helloSpace)
			if err == nil && status != http.StatusOK {
				err = fmt.Errorf("%d: %s", status, body)
			}
			return err
		})
		require.NoError(t, err)
		hello = append(hello, took)

		require.NoError(t, deployment.Asleep(t.Context(), string(Staging)))
		watch := deployment.WatchPods(t.Context(), string(Staging))
		waiting := map[string]any{"user_id": family, "conversation_id": opened["conversation_id"]}
		began := time.Now()
		turn, err := Call(t.Context(), route, followUpTool, waiting)
		took = time.Since(began)
		require.NoError(t, err)
		require.NotEmpty(t, turn["questions"], "the conversation continues where it was")
		whole = append(whole, took)
		took, err = Took(func() error { _, err := Call(t.Context(), route, followUpTool, waiting); return err })
		require.NoError(t, err)
		warm = append(warm, took)
		stages = append(stages, watch.Stages(began, "gateway"), watch.Stages(began, "follow-up"))
	}
	_, err = Call(t.Context(), route, followUpTool, map[string]any{"user_id": family, "conversation_id": opened["conversation_id"], "answers": answers("travellers")})
	require.NoError(t, err)
	reported(t.Context(), t, route, opened["conversation_id"])

	const section = "Scale to zero and back"
	figure := func(what string, all []time.Duration) {
		slices.Sort(all)
		deployment.Figures.Add(section, what, fmt.Sprintf("%s (%s to %s)", Seconds(all[len(all)/2]), Seconds(all[0]), Seconds(all[len(all)-1])))
	}
	figure("a bare hello-deployment Service from zero: median (least to most) of 5", hello)
	figure("a call from zero: gateway, then tool function, then PostgreSQL", whole)
	figure("the same call warm", warm)
	deployment.Figures.Add(section, "from zero, beside hello-deployment (two wake, one after the other)", fmt.Sprintf("× %.2f", whole[len(whole)/2].Seconds()/hello[len(hello)/2].Seconds()))
	for i, name := range []string{"gateway", "tool function"} {
		var made, scheduled, ready []time.Duration
		for at := i; at < len(stages); at += 2 {
			made, scheduled, ready = append(made, stages[at].Made), append(scheduled, stages[at].Scheduled), append(ready, stages[at].Ready)
		}
		figure("of it, since the call: the "+name+"'s pod is made", made)
		figure("… is scheduled", scheduled)
		figure("… is ready: sandbox, network, two containers, process, probe", ready)
	}
}
