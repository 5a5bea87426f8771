package testbed

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"

	"github.com/sequential-questioning/sequential-questioning/shared/model/modeltest"
)

// modelFails is the interval of failures: one in so many model requests fails, times calm.
const modelFails = 6

// outside has the services around the functions, except the broker, which is in
// program. mu keeps answers of the model one at a time: modeltest's answers are for
// one request.
// The collector accepts everything and keeps nothing.
type outside struct {
	calm      int64
	model     *httptest.Server
	collector *httptest.Server // receives traces, so that metrics have exemplars
	asked     atomic.Int64
	mu        sync.Mutex
}

// newOutside starts both servers on loopback.
func newOutside(calm int) *outside {
	o := &outside{calm: int64(calm)}
	o.model = httptest.NewServer(http.HandlerFunc(o.complete))
	o.collector = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	return o
}

// close ends both servers; requests under way are waited for.
func (o *outside) close() {
	o.collector.Close()
	o.model.Close()
}

// complete is a fake model that rewords questions.
// A malformed request gets the same error as an overload; the functions send none.
func (o *outside) complete(w http.ResponseWriter, r *http.Request) {
	request := modeltest.Request{Path: r.URL.Path, Header: r.Header}
	if json.NewDecoder(r.Body).Decode(&request.Body) != nil || o.asked.Add(1)%(modelFails*o.calm) == 0 {
		http.Error(w, "overloaded", http.StatusServiceUnavailable)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	modeltest.Rewords(func(question string) string { return "Please tell me: " + question })(w, request)
}
