package model_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/sequential-questioning/sequential-questioning/shared/model"
	"github.com/sequential-questioning/sequential-questioning/shared/model/modeltest"
)

const forever = time.Minute // the server gives up when the client does

func TestASlowAnswerIsCutOff(t *testing.T) {
	for name, answer := range map[string]modeltest.Answer{
		"headers": modeltest.Stalls(forever, modeltest.Proposes(trip()...)),
		"body":    modeltest.Trickles(forever),
	} {
		t.Run(name, func(t *testing.T) {
			server := modeltest.NewServer(t, answer)
			client := askingWithin(t, server.URL, model.Limits{Attempts: 5}, settings{"MODEL_TIMEOUT": "150ms"})
			start := time.Now()
			_, err := propose(t, client)
			require.ErrorIs(t, err, model.ErrUnavailable)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Less(t, time.Since(start), 5*time.Second)
			assert.LessOrEqual(t, len(server.Requests()), 1, "the limit is that of the whole operation")
		})
	}
}

func TestWhatPassesIsTriedAgain(t *testing.T) {
	for name, answer := range map[string]modeltest.Answer{
		"busy":               modeltest.Status(http.StatusTooManyRequests, "slow down"),
		"broken":             modeltest.Status(http.StatusInternalServerError, "oops"),
		"loading":            modeltest.Status(http.StatusServiceUnavailable, "the model is loading"),
		"a gateway's page":   func(w http.ResponseWriter, _ modeltest.Request) { http.Error(w, "<html>", http.StatusBadGateway) },
		"a timeout upstream": modeltest.Status(http.StatusRequestTimeout, "again"),
		"hung up":            modeltest.HangsUp(),
		"dropped half way":   modeltest.Drops(),
	} {
		t.Run(name, func(t *testing.T) {
			server := modeltest.NewServer(t, answer, answer, modeltest.Proposes(trip()...))
			_, err := propose(t, askingWithin(t, server.URL, model.Limits{Attempts: 3}))
			require.NoError(t, err)
			assert.GreaterOrEqual(t, len(server.Requests()), 3)

			server = modeltest.NewServer(t, answer)
			_, err = propose(t, askingWithin(t, server.URL, model.Limits{Attempts: 2}))
			require.ErrorIs(t, err, model.ErrUnavailable)
			assert.NotErrorIs(t, err, model.ErrUnusable)
			assert.LessOrEqual(t, len(server.Requests()), 2, "attempts are counted by one counter only")
		})
	}
}

func TestWhatStaysIsNotTriedAgain(t *testing.T) {
	for status, kind := range map[int]error{
		http.StatusUnauthorized:          model.ErrUnavailable,
		http.StatusForbidden:             model.ErrUnavailable,
		http.StatusNotFound:              model.ErrUnavailable,
		http.StatusTemporaryRedirect:     model.ErrUnavailable,
		http.StatusBadRequest:            model.ErrUnusable,
		http.StatusRequestEntityTooLarge: model.ErrUnusable,
		http.StatusUnprocessableEntity:   model.ErrUnusable,
	} {
		server := modeltest.NewServer(t, modeltest.Status(status, "because you said: I am ill", "Location", "/elsewhere"))
		_, err := propose(t, asking(t, server.URL))
		require.ErrorIs(t, err, kind, status)
		assert.Len(t, server.Requests(), 1, status)
		assert.NotContains(t, err.Error(), "ill", "what the endpoint repeats of people's words stays out")
	}
}

func TestNobodyThereIsUnavailable(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	_, err = propose(t, asking(t, "http://"+address+"/v1"))
	require.ErrorIs(t, err, model.ErrUnavailable)
}

func TestRetryAfterIsHonouredWhenItFits(t *testing.T) {
	server := modeltest.NewServer(t, modeltest.Status(429, "wait", "Retry-After", "1"), modeltest.Proposes(trip()...))
	_, err := propose(t, asking(t, server.URL))
	require.NoError(t, err)
	requests := server.Requests()
	require.Len(t, requests, 2)
	assert.GreaterOrEqual(t, requests[1].At.Sub(requests[0].At), 950*time.Millisecond)
}

func TestARetryAfterBeyondTheLimitEndsTheOperationAtOnce(t *testing.T) {
	for _, value := range []string{"3600", "99999999999999999999", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)} {
		server := modeltest.NewServer(t, modeltest.Status(429, "wait", "Retry-After", value))
		start := time.Now()
		_, err := propose(t, askingWithin(t, server.URL, model.Limits{Attempts: 2}))
		require.ErrorIs(t, err, model.ErrUnavailable)
		assert.Less(t, time.Since(start), 10*time.Second, value)
		assert.LessOrEqual(t, len(server.Requests()), 2, value)
	}
}

func TestAModelThatIsAwayIsLeftAlone(t *testing.T) {
	server := modeltest.NewServer(t, modeltest.Status(500, "oops"))
	client := askingWithin(t, server.URL, model.Limits{Attempts: 1, BreakerFailures: 3, BreakerPause: 500 * time.Millisecond}, settings{
		"MODEL_EMBEDDING_NAME": "e", "MODEL_EMBEDDING_DIMENSIONS": "4"})
	for range 6 {
		_, err := propose(t, client)
		require.ErrorIs(t, err, model.ErrUnavailable)
	}
	assert.Len(t, server.Requests(), 3, "after three failures nothing is sent")

	server.Then(modeltest.Embeds(4))
	_, err := client.Embed(t.Context(), []string{"words"})
	require.NoError(t, err, "one kind of operation does not cut off another")

	server.Then(modeltest.Proposes(trip()...))
	require.Eventually(t, func() bool { _, err := propose(t, client); return err == nil }, 5*time.Second, 20*time.Millisecond,
		"and comes back by itself")
}

func TestUnusableAnswersDoNotCutOffOthers(t *testing.T) {
	server := modeltest.NewServer(t, modeltest.Writes("nonsense"))
	client := askingWithin(t, server.URL, model.Limits{BreakerFailures: 1})
	for range 3 {
		_, err := propose(t, client)
		require.ErrorIs(t, err, model.ErrUnusable)
	}
	server.Then(modeltest.Proposes(trip()...))
	_, err := propose(t, client)
	require.NoError(t, err)
}

func TestACallerThatGoesAwayIsNoFailureOfTheModel(t *testing.T) {
	server := modeltest.NewServer(t, modeltest.Stalls(forever, modeltest.Refuses()))
	client := askingWithin(t, server.URL, model.Limits{BreakerFailures: 1})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(30*time.Millisecond, cancel)
	_, err := client.ProposeSlots(ctx, "a trip", nil)
	require.ErrorIs(t, err, model.ErrUnavailable)
	require.ErrorIs(t, err, context.Canceled)

	server.Then(modeltest.Proposes(trip()...))
	_, err = propose(t, client)
	require.NoError(t, err)
}

func TestOnlySoManyOperationsRunAtOnce(t *testing.T) {
	var mu sync.Mutex
	running, most := 0, 0
	count := func(by int) {
		mu.Lock()
		defer mu.Unlock()
		running += by
		most = max(most, running)
	}
	server := modeltest.NewServer(t, func(w http.ResponseWriter, r modeltest.Request) {
		count(1)
		time.Sleep(10 * time.Millisecond)
		count(-1)
		modeltest.Proposes(trip()...)(w, r)
	})
	client := askingWithin(t, server.URL, model.Limits{Concurrent: 2})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			_, err := propose(t, client)
			assert.NoError(t, err)
		})
	}
	group.Wait()
	assert.LessOrEqual(t, most, 2)
}

func TestWaitingForAPlaceIsPartOfTheLimit(t *testing.T) {
	server := modeltest.NewServer(t, modeltest.Stalls(forever, modeltest.Refuses()))
	client := askingWithin(t, server.URL, model.Limits{Concurrent: 1, Attempts: 1}, settings{"MODEL_TIMEOUT": "100ms"})
	start := time.Now()
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			_, err := propose(t, client)
			assert.ErrorIs(t, err, model.ErrUnavailable)
		})
	}
	group.Wait()
	assert.Less(t, time.Since(start), 5*time.Second)
}

func TestTelemetryCountsAndHoldsNoWords(t *testing.T) {
	reader, spans := sdk.NewManualReader(), tracetest.NewSpanRecorder()
	meters, tracers, logs := otel.GetMeterProvider(), otel.GetTracerProvider(), slog.Default()
	t.Cleanup(func() {
		otel.SetMeterProvider(meters)
		otel.SetTracerProvider(tracers)
		slog.SetDefault(logs)
	})
	otel.SetMeterProvider(sdk.NewMeterProvider(sdk.WithReader(reader)))
	otel.SetTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(spans)))
	var logged bytes.Buffer
	slog.SetDefault(slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug})))

	server := modeltest.NewServer(t, modeltest.Proposes(trip()...), modeltest.Writes("Plan a trip"), modeltest.Writes("Plan a trip"),
		modeltest.Status(500, "Plan a trip"))
	client := askingWithin(t, server.URL, model.Limits{BreakerFailures: 1})
	for range 4 {
		_, _ = propose(t, client)
	}

	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &all))
	outcomes, tokens := map[string]int64{}, map[string]int64{}
	for _, m := range all.ScopeMetrics[0].Metrics {
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			for _, point := range data.DataPoints {
				outcome, isCall := point.Attributes.Value("outcome")
				direction, _ := point.Attributes.Value("direction")
				if isCall {
					outcomes[outcome.AsString()] = point.Value
				} else {
					tokens[direction.AsString()] = point.Value
				}
			}
		case metricdata.Histogram[float64]:
			assert.Equal(t, "questioning.model.duration", m.Name)
			assert.Equal(t, "s", m.Unit)
		}
	}
	assert.Equal(t, map[string]int64{"ok": 1, "unusable": 1, "unavailable": 1, "circuit_open": 1}, outcomes)
	assert.Equal(t, map[string]int64{"in": 300, "out": 60}, tokens)

	require.Len(t, spans.Ended(), 4)
	assert.Equal(t, "model propose_slots", spans.Ended()[0].Name())
	assert.Contains(t, logged.String(), "circuit breaker")
	for _, span := range spans.Ended() {
		for _, attribute := range span.Attributes() {
			assert.NotContains(t, strings.ToLower(attribute.Value.String()), "trip")
		}
		assert.NotContains(t, span.Status().Description, "trip")
	}
	assert.NotContains(t, logged.String(), "trip")
}

func TestOpeningIsCheap(t *testing.T) {
	config := configured(t, settings{"MODEL_BASE_URL": "http://192.0.2.1/v1", "MODEL_NAME": "m"}) // an address without a host
	start := time.Now()
	for range 20 {
		_, err := model.Open(config)
		require.NoError(t, err)
	}
	assert.Less(t, time.Since(start), time.Second, "nothing is dialled")
}

func TestEveryFailureIsOfOneKind(t *testing.T) {
	server := modeltest.NewServer(t, modeltest.Status(418, "a teapot"))
	_, err := propose(t, asking(t, server.URL))
	require.Error(t, err)
	assert.True(t, errors.Is(err, model.ErrUnavailable) != errors.Is(err, model.ErrUnusable))
}
