// Command program is the local program with an unreliable broker between relay and
// indexer, so that the metrics of failed, returned and refused events have values. The
// local program alone delivers every event.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/sequential-questioning/sequential-questioning/functions/local"
	"github.com/sequential-questioning/sequential-questioning/shared/event/delivery"
	"github.com/sequential-questioning/sequential-questioning/shared/inprocess"
)

// One in so many deliveries fails in this way, times TESTBED_CALM.
// They share few multiples, so that the cases do not hide each other.
const (
	refuses = 11
	givesUp = 100
	loses   = 50 // the signature
	tries   = time.Second
)

// keeps, as the first argument, makes the program the process that keeps the database.
const keeps = "database"

func main() {
	options := local.Options{DatabaseURL: os.Getenv("DATABASE_URL"), Out: os.Stderr}
	flag.IntVar(&options.Port, "port", 0, "`port` on 127.0.0.1")
	flag.StringVar(&options.Data, "data", "data", "`folder` of the database")
	keeper := len(os.Args) > 1 && os.Args[1] == keeps
	if keeper {
		os.Args = slices.Delete(os.Args, 1, 2)
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if keeper {
		if err := local.Keep(ctx, options.Data, options.Port, os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			os.Exit(1)
		}
		return
	}
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	// The testbed's database is kept as the real program's is: by a process of its own.
	options.Keeper = []string{self, keeps, "--data", options.Data}
	calm, err := strconv.ParseInt(os.Getenv("TESTBED_CALM"), 10, 64)
	if err != nil || calm < 1 {
		fmt.Fprintln(os.Stderr, "error: TESTBED_CALM: want a number from 1")
		os.Exit(2)
	}
	inprocess.Serve("broker", &broker{calm: calm, client: &http.Client{Transport: inprocess.Transport(http.DefaultTransport)}})
	os.Setenv("K_SINK", "http://broker"+inprocess.Domain)
	if err := local.Run(ctx, options, func(url string) { fmt.Println("The program is ready at", url) }); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// broker forwards events to the indexer and returns undeliverable ones to the relay.
type broker struct {
	calm   int64
	client *http.Client
	events atomic.Int64
}

// ServeHTTP answers as Knative's broker does, except that it loses events on
// purpose. The counter decides which, so that a run of any length has all cases.
func (b *broker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	n := b.events.Add(1)
	if err != nil || n%(refuses*b.calm) == 0 {
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	if n%(givesUp*b.calm) == 0 {
		// Accept the event, then return it as undeliverable.
		time.AfterFunc(tries, func() { _, _ = b.pass(context.Background(), "relay", delivery.DeadLetterPath, r.Header, body) })
		return
	}
	if n%(loses*b.calm) == 1 { // a forged event before the relay's
		stranger := r.Header.Clone()
		stranger.Del("Ce-" + delivery.SignatureExtension)
		_, _ = b.pass(r.Context(), "indexer", "/", stranger, body)
	}
	status, err := b.pass(r.Context(), "indexer", "/", r.Header, body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.WriteHeader(status)
}

// pass delivers an event with its headers, which hold the attributes of a
// CloudEvent in binary mode.
func (b *broker) pass(ctx context.Context, function, path string, header http.Header, body []byte) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+function+inprocess.Domain+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header = header.Clone()
	response, err := b.client.Do(request)
	if err != nil {
		return 0, err
	}
	response.Body.Close()
	return response.StatusCode, nil
}
