package gateway

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAPrincipalThatCallsTooOftenWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := newRateLimit(60, false) // one a second, ten at once
		for range 10 {
			_, ok := limit.take("ann")
			require.True(t, ok)
		}
		wait, ok := limit.take("ann")
		require.False(t, ok)
		require.Equal(t, time.Second, wait)
		_, ok = limit.take("bob")
		require.True(t, ok, "nobody waits for another")
		time.Sleep(wait)
		_, ok = limit.take("ann")
		require.True(t, ok, "a refused call does not count")
		_, ok = limit.take("ann")
		require.False(t, ok)
	})
}

func TestALimitOfZeroOrOfOnePrincipalLimitsNothing(t *testing.T) {
	for _, limit := range []*rateLimit{newRateLimit(0, false), newRateLimit(1, true)} {
		for range 1000 {
			_, ok := limit.take("local")
			require.True(t, ok)
		}
	}
}

func TestPrincipalsThatCallNoMoreAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := newRateLimit(60, false)
		limit.most = 100
		for n := range 99 {
			limit.take(fmt.Sprint(n))
		}
		time.Sleep(time.Minute)
		for range 11 {
			limit.take("busy")
		}
		limit.take("one more")
		require.Len(t, limit.by, 2)
		_, ok := limit.take("busy")
		require.False(t, ok, "whoever still calls is not forgotten")
		for n := range 1000 {
			limit.take(fmt.Sprint(n))
			require.LessOrEqual(t, len(limit.by), 100)
		}
	})
}

func TestARefusedCallSaysWhenToRetry(t *testing.T) {
	r := newRoute(t, answering)
	r.function.prepared.Load().calls.rates = newRateLimit(6, false) // one at once
	r.callReport(t, "2025-06-18").result(t)
	for _, revision := range []string{"2025-06-18", "2026-07-28"} {
		reply := r.callReport(t, revision)
		require.Equal(t, http.StatusTooManyRequests, reply.status, revision)
		require.Equal(t, "10", reply.header.Get("Retry-After"), revision)
		require.Contains(t, reply.failure(t).Message, "more calls than CALLS_PER_MINUTE allows; retry in 10 s", revision)
	}
	require.Equal(t, http.StatusOK, r.inRevision(t, "2025-06-18", "tools/list", `{}`).status, "discovery costs nothing")
}
