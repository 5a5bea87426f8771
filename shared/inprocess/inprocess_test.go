package inprocess

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var client = &http.Client{Transport: Transport(http.DefaultTransport)}

// both runs a test over a socket and in process: a caller must not see which.
func both(t *testing.T, handler http.HandlerFunc, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("socket", func(t *testing.T) {
		server := httptest.NewServer(handler)
		server.Config.ErrorLog = nil
		defer server.Close()
		test(t, server.URL)
	})
	t.Run("in process", func(t *testing.T) {
		stop := Serve("test", handler)
		defer func() { require.NoError(t, stop(context.Background())) }()
		test(t, "http://test"+Domain)
	})
}

func TestARequestArrivesAsItDoesOverASocket(t *testing.T) {
	both(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		assert.Nil(t, r.Context().Value(key{}), "a context's values stay on their side")
		_, there := r.Header["Idempotency-Key"]
		assert.False(t, there, "a header without a value is not sent")
		seen := r.Header["Seen"]
		r.Header.Set("Seen", "changed here only")
		w.Header().Set("X-Answer", "yes")
		w.WriteHeader(http.StatusTeapot)
		w.WriteHeader(http.StatusOK)
		w.Header().Set("X-Late", "too late")
		fmt.Fprintf(w, "%s %s %s %q %d %s %s", r.Method, r.URL.Path, r.URL.RawQuery, seen, r.ContentLength, r.RequestURI, body)
	}, func(t *testing.T, url string) {
		request, err := http.NewRequestWithContext(context.WithValue(t.Context(), key{}, "x"), http.MethodPost, url+"/a%20b?c=d", strings.NewReader("said"))
		require.NoError(t, err)
		request.Header["Seen"] = []string{"1", "2"}
		request.Header["Idempotency-Key"] = []string{}
		response, err := client.Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		assert.Equal(t, `POST /a b c=d ["1" "2"] 4 /a%20b?c=d said`, string(body))
		assert.Equal(t, "418 I'm a teapot", response.Status)
		assert.Equal(t, []string{"yes", ""}, []string{response.Header.Get("X-Answer"), response.Header.Get("X-Late")})
		assert.Equal(t, "text/plain; charset=utf-8", response.Header.Get("Content-Type"))
		assert.EqualValues(t, len(body), response.ContentLength)
		assert.Equal(t, []string{"1", "2"}, request.Header["Seen"])
	})
}

type key struct{}

func TestAnswersOfEverySizeArrive(t *testing.T) {
	for _, size := range []int{0, 1, maxBuffered, maxBuffered + 1, 5 * maxBuffered} {
		sent := bytes.Repeat([]byte("x"), size)
		both(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(sent) }, func(t *testing.T, url string) {
			response, err := client.Get(url)
			require.NoError(t, err)
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			assert.True(t, bytes.Equal(sent, body), "%d of %d", len(body), size)
		})
	}
}

func TestAStreamArrivesPieceByPiece(t *testing.T) {
	next := make(chan struct{})
	both(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, "%d", i)
			assert.NoError(t, http.NewResponseController(w).Flush())
			<-next
		}
	}, func(t *testing.T, url string) {
		response, err := client.Get(url)
		require.NoError(t, err)
		defer response.Body.Close()
		assert.EqualValues(t, -1, response.ContentLength)
		for i := range 3 {
			piece := make([]byte, 10)
			n, err := response.Body.Read(piece)
			require.NoError(t, err)
			assert.Equal(t, fmt.Sprint(i), string(piece[:n]))
			next <- struct{}{}
		}
		_, err = response.Body.Read(make([]byte, 1))
		assert.Equal(t, io.EOF, err)
	})
}

func TestACallerThatLeavesCancelsTheHandler(t *testing.T) {
	for when, leave := range map[string]func(cancel func(), response *http.Response){
		"by its context":         func(cancel func(), _ *http.Response) { cancel() },
		"by closing the body":    func(_ func(), response *http.Response) { response.Body.Close() },
		"while it is written to": func(cancel func(), _ *http.Response) { cancel() },
	} {
		gone := make(chan struct{})
		both(t, func(w http.ResponseWriter, r *http.Request) {
			defer func() { gone <- struct{}{} }()
			_, _ = io.WriteString(w, "begun")
			_ = http.NewResponseController(w).Flush()
			for strings.HasPrefix(when, "while") {
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					return
				}
			}
			<-r.Context().Done()
		}, func(t *testing.T, url string) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
			require.NoError(t, err)
			response, err := client.Do(request)
			require.NoError(t, err)
			leave(cancel, response)
			select {
			case <-gone:
			case <-time.After(5 * time.Second):
				t.Fatal("the handler goes on: ", when)
			}
			_, err = io.ReadAll(response.Body)
			assert.Error(t, err, when)
		})
	}
}

func TestATimeoutEndsTheWaitForAnAnswer(t *testing.T) {
	both(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, func(t *testing.T, url string) {
		impatient := &http.Client{Transport: client.Transport, Timeout: 50 * time.Millisecond}
		_, err := impatient.Get(url)
		var timeout net.Error
		require.ErrorAs(t, err, &timeout)
		assert.True(t, timeout.Timeout())

		ctx, cancel := context.WithCancelCause(t.Context())
		reason := errors.New("silent")
		time.AfterFunc(20*time.Millisecond, func() { cancel(reason) })
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		require.NoError(t, err)
		_, err = client.Transport.RoundTrip(request)
		assert.ErrorIs(t, err, reason)
	})
}

func TestAPanicCutsTheAnswer(t *testing.T) {
	for _, flushed := range []bool{false, true} {
		both(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half of it")
			if flushed {
				_ = http.NewResponseController(w).Flush()
			}
			panic(http.ErrAbortHandler)
		}, func(t *testing.T, url string) {
			response, err := client.Get(url)
			if !flushed {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			defer response.Body.Close()
			_, err = io.ReadAll(response.Body)
			assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
		})
	}
}

func TestWhatHasNoBodyHasNone(t *testing.T) {
	both(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			w.Header().Set("Content-Length", "7")
		} else {
			w.WriteHeader(http.StatusNoContent)
		}
		_, _ = io.WriteString(w, "nothing")
	}, func(t *testing.T, url string) {
		for _, method := range []string{http.MethodHead, http.MethodDelete} {
			request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
			require.NoError(t, err)
			response, err := client.Do(request)
			require.NoError(t, err)
			body, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			assert.Empty(t, body)
			response.Body.Close()
		}
	})
}

func TestAHostThatIsNotServedRefuses(t *testing.T) {
	_, err := client.Get("http://nobody" + Domain)
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	var dial *net.OpError
	require.ErrorAs(t, err, &dial)
	assert.Equal(t, "dial", dial.Op)
	_, err = Dial(t.Context(), "nobody"+Domain)
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
}

func TestStoppingWaitsForRequestsUnderWay(t *testing.T) {
	begun, finish := make(chan struct{}), make(chan struct{})
	stop := Serve("slow", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(begun); <-finish }))
	answered := make(chan error)
	go func() {
		_, err := client.Get("http://slow" + Domain)
		answered <- err
	}()
	<-begun
	impatient, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	assert.ErrorIs(t, stop(impatient), context.DeadlineExceeded)
	_, err := client.Get("http://slow" + Domain)
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	close(finish)
	assert.NoError(t, stop(t.Context()))
	assert.NoError(t, <-answered)
}

func BenchmarkCall(b *testing.B) {
	document := bytes.Repeat([]byte("x"), 3000)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = w.Write(document)
	})
	server := httptest.NewServer(handler)
	defer server.Close()
	defer Serve("bench", handler)(context.Background())
	for name, url := range map[string]string{"socket": server.URL, "in process": "http://bench" + Domain} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				response, err := client.Post(url, "application/json", bytes.NewReader(document))
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
		})
	}
}
