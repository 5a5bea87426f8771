package stage

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"

	"github.com/sequential-questioning/sequential-questioning/shared/model/modeltest"
)

// modelFails says that every so many of a model's answers are none.
const modelFails = 6

// outside is what a cluster has around the functions, but for the broker: see
// program.
type outside struct {
	model     *httptest.Server
	collector *httptest.Server // takes traces: metrics name the trace of a call then
	asked     atomic.Int64
	mu        sync.Mutex
}

func newOutside() *outside {
	o := &outside{}
	o.model = httptest.NewServer(http.HandlerFunc(o.complete))
	o.collector = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	return o
}

func (o *outside) close() {
	o.collector.Close()
	o.model.Close()
}

// complete is a model that rewords questions.
func (o *outside) complete(w http.ResponseWriter, r *http.Request) {
	request := modeltest.Request{Path: r.URL.Path, Header: r.Header}
	if json.NewDecoder(r.Body).Decode(&request.Body) != nil || o.asked.Add(1)%modelFails == 0 {
		http.Error(w, "overloaded", http.StatusServiceUnavailable)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	modeltest.Rewords(func(question string) string { return "Please tell me: " + question })(w, request)
}
