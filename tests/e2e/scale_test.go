package e2e

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
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

	t.Run("discovery starts the gateway, which starts what is called first", func(t *testing.T) {
		require.NoError(t, deployment.Asleep(t.Context(), string(Staging)))
		watch := deployment.WatchPods(t.Context(), string(Staging))
		result, err := Request(t.Context(), route, "tools/list", "", nil)
		require.NoError(t, err)
		require.NotEmpty(t, result["tools"])
		require.NoError(t, deployment.Asleep(t.Context(), string(Staging))) // all started instances are gone again
		require.Equal(t, []string{"ask", "follow-up", "gateway"}, slices.Sorted(slices.Values(watch.Services())))
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
	figure("a bare hello-world Service from zero: median (least to most) of 5", hello)
	figure("a call from zero: gateway, then tool function, then PostgreSQL", whole)
	figure("the same call warm", warm)
	deployment.Figures.Add(section, "from zero, beside hello-world (two wake, one after the other)", fmt.Sprintf("× %.2f", whole[len(whole)/2].Seconds()/hello[len(hello)/2].Seconds()))
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

// pause is how long a person, or the client's model, takes at least between two calls.
const pause = 2 * time.Second

// step is a call of a conversation whose caller pauses before it.
type step struct {
	name string
	run  func(ctx context.Context, route string) error
}

// paused are the steps of a whole conversation of a new user, of whom memory knows nothing.
func paused(t *testing.T) []step {
	user := people(t, 1)[0].name
	var conversation any
	result := func(ctx context.Context, route, tool string, arguments map[string]any) (map[string]any, error) {
		arguments["user_id"] = user
		if conversation != nil {
			arguments["conversation_id"] = conversation
		}
		return Call(ctx, route, tool, arguments)
	}
	return []step{
		{"connect", func(ctx context.Context, route string) error {
			_, err := Request(ctx, route, "tools/list", "", nil)
			return err
		}},
		{"open", func(ctx context.Context, route string) error {
			turn, err := result(ctx, route, askTool, maps.Clone(trip))
			if err == nil {
				conversation = turn["conversation_id"]
			}
			return err
		}},
		{"answer", func(ctx context.Context, route string) error {
			_, err := result(ctx, route, followUpTool, map[string]any{"answers": answers("destination", "travellers")})
			return err
		}},
		{"report", func(ctx context.Context, route string) error {
			report, err := result(ctx, route, reportTool, map[string]any{})
			if err == nil && report["complete"] != true {
				err = fmt.Errorf("the report is not complete: %v", report)
			}
			return err
		}},
	}
}

// asleepFirst wakes no function before it is called.
const asleepFirst = `
  - target: {group: serving.knative.dev, kind: Service, name: gateway}
    patch: |-
      - {op: add, path: /spec/template/spec/containers/0/env/-, value: {name: WAKE_FUNCTIONS, value: "false"}}
`

// While a person thinks, the next function wakes: only connecting meets a function at
// rest. The same conversation where nothing is woken shows what that spares.
func TestAConversationWithPausesMeetsNoColdStart(t *testing.T) {
	begin(t)
	route := deployment.Route(Staging)
	fromZero, warm := conversations(t, route, true)
	patched(t, "staging", asleepFirst, "Wake no function before it is called")
	unwoken, _ := conversations(t, route, false)

	const section = "A conversation whose caller pauses for two seconds"
	bars := Bars{Title: "A conversation whose caller pauses for two seconds: medians of 5",
		Ways: []string{"from zero, nothing is woken ahead", "from zero", "warm"}, Values: make([][]time.Duration, 3)}
	for _, step := range paused(t) {
		without, with, again := median(unwoken[step.name]), median(fromZero[step.name]), median(warm[step.name])
		bars.Steps = append(bars.Steps, step.name)
		for way, took := range []time.Duration{without, with, again} {
			bars.Values[way] = append(bars.Values[way], took)
		}
		deployment.Figures.Add(section, step.name+": from zero where nothing is woken, from zero, warm: medians of 5", Seconds(without)+", "+Seconds(with)+", "+Seconds(again))
		if step.name != "connect" { // which starts the gateway
			assert.Less(t, with, without/2, "%s: its function was awake when it was called", step.name)
		}
	}
	deployment.Figures.Draw("e2e_pauses.svg", bars)
}

// conversations holds whole conversations with pauses, each from zero, and after each,
// if warm is wanted, another one without pauses, which finds all functions awake. It
// returns what the calls took, by step.
func conversations(t *testing.T, route string, withWarm bool) (fromZero, warm map[string][]time.Duration) {
	t.Helper()
	fromZero, warm = map[string][]time.Duration{}, map[string][]time.Duration{}
	hold := func(took map[string][]time.Duration, pause time.Duration) {
		for i, step := range paused(t) {
			if i > 0 {
				time.Sleep(pause)
			}
			spent, err := Took(func() error { return step.run(t.Context(), route) })
			require.NoError(t, err, step.name)
			took[step.name] = append(took[step.name], spent)
		}
	}
	for range coldRounds {
		require.NoError(t, deployment.Asleep(t.Context(), string(Staging)))
		hold(fromZero, pause)
		if withWarm {
			hold(warm, 0)
		}
	}
	return fromZero, warm
}

func median(all []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}
