package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"
)

// aimHop is what a hop may add. hopSlice calls in a row are short enough for both sides
// to meet the same disturbances.
const (
	aimHop   = 0.5 // ms
	hopSlice = 100 // calls until the other side's turn
)

// measureHop makes the same read-only call through the gateway and directly, and, as a
// baseline for any hop, through a bare proxy in this process.
// The figure is the median of differences of neighbouring slices, not the difference of two
// medians: a machine that slows down moves both sides of a pair.
func measureHop(ctx context.Context, b *bench) error {
	ids, err := b.stock.open(ctx, 1, slots/2)
	if err != nil {
		return err
	}
	arguments := naming(ids[0])
	proxy, err := proxyTo(b.report.Address)
	if err != nil {
		return err
	}
	defer proxy.Close()
	s := b.table.section("A hop, one call at a time, p50", "through", "direct")
	for _, tool := range []struct {
		label, name, through, function, want string
		bounded                              bool
	}{
		{"the gateway, " + reportTool, reportTool, b.gateway.URL(), b.report.URL(), `"questions_asked":`, true},
		{"the gateway, " + followUpTool, followUpTool, b.gateway.URL(), b.followUp.URL(), `"questions":[{`, true},
		{"beside: net/http's reverse proxy, " + reportTool, reportTool, "http://" + proxy.Addr + "/mcp", b.report.URL(), `"questions_asked":`, false},
	} {
		c := newClient()
		var took [2]times
		var hops times // of each pair
		var last time.Duration
		for n := range 2*b.hops + 2 {
			address := []string{tool.through, tool.function}[n%2]
			if err := b.noise.sample(ctx); err != nil {
				return err
			}
			var now times
			for i := range hopSlice {
				one, err := c.call(ctx, address, tool.name, arguments, tool.want)
				if err != nil {
					return err
				}
				if n > 1 && i >= hopSlice/10 { // the first pair, and the first calls after a turn, are warm-up
					now = append(now, one)
				}
			}
			if n%2 == 0 {
				last = now.at(.5)
			} else if n > 1 {
				hops = append(hops, last-now.at(.5))
			}
			took[n%2] = append(took[n%2], now...)
		}
		hop := hops.at(.5).Seconds() * 1000
		r := row{
			label: tool.label, value: ms(took[0].at(.5)), beside: ms(took[1].at(.5)),
			compared: fmt.Sprintf("%+.2f ms (%+.2f to %+.2f)", hop, hops.at(0).Seconds()*1000, hops.at(1).Seconds()*1000),
		}
		if tool.bounded {
			r.aim = atMost(hop, aimHop, "ms")
		}
		s.add(r)
	}
	return nil
}

// proxyTo serves net/http's reverse proxy before an address. It is the least that any
// gateway costs here.
// It uses the same transport as the clients, so connections are kept on both sides.
func proxyTo(address string) (*http.Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: address})
	proxy.Transport = newTransport()
	server := &http.Server{Addr: listener.Addr().String(), Handler: proxy}
	go server.Serve(listener) // ends with Close
	return server, nil
}

// naming are the arguments of a call that only names a conversation.
func naming(conversation string) []byte { return []byte(`{"conversation_id":"` + conversation + `"}`) }

// measureTools times every tool through the gateway. These figures have no aims:
// they are absolute. They are printed so that somebody who reads the page knows the
// order of magnitude.
// Calls of all tools take turns in groups of 50: long enough for warm caches, short enough
// for all to meet the same disturbances.
func measureTools(ctx context.Context, b *bench) error {
	opening, err := openingArguments()
	if err != nil {
		return err
	}
	half, err := b.stock.open(ctx, 1, slots/2)
	if err != nil {
		return err
	}
	const together = 50
	if err := b.stock.fill(ctx, 2*(b.perTool+2*together)/slots+4); err != nil {
		return err
	}
	pool, err := bare(ctx, b.db.url, b.connections)
	if err != nil {
		return err
	}
	defer pool.Close()
	statements := &bareSide{b.tape, b.stock, pool, make([]place, 1)}
	c, at := newClient(), place{}
	calls := []struct {
		label string
		call  func() (time.Duration, error)
	}{
		{askTool, func() (time.Duration, error) { return c.call(ctx, b.gateway.URL(), askTool, opening, `"revision":1`) }},
		{followUpTool + ", an answer", func() (time.Duration, error) {
			turn, err := at.next(b.stock)
			if err != nil {
				return 0, err
			}
			return c.call(ctx, b.gateway.URL(), followUpTool, b.tape.argumentsFor(turn, at.id), recordedOne)
		}},
		{followUpTool + ", no answer", func() (time.Duration, error) {
			return c.call(ctx, b.gateway.URL(), followUpTool, naming(half[0]), `"questions":[{`)
		}},
		{reportTool, func() (time.Duration, error) {
			return c.call(ctx, b.gateway.URL(), reportTool, naming(half[0]), `"questions_asked":`)
		}},
		{"beside: an answer's statements by bare pgx", func() (time.Duration, error) { return statements.step(ctx, 0) }},
	}
	took := make([]times, len(calls))
	for round := range b.perTool/together + 1 {
		if err := b.noise.sample(ctx); err != nil {
			return err
		}
		for i, one := range calls {
			for range together {
				d, err := one.call()
				if err != nil {
					return fmt.Errorf("%s: %w", one.label, err)
				}
				if round > 0 {
					took[i] = append(took[i], d)
				}
			}
		}
	}
	s := b.table.section("Warm latency through the gateway, one call at a time", "p50", "p99")
	for i, one := range calls {
		s.add(row{label: one.label, value: ms(took[i].at(.5)), beside: ms(took[i].at(.99))})
	}
	return nil
}
