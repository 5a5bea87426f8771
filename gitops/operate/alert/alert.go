// Package alert fires test alerts and looks up where Alertmanager routes them.
package alert

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	maxResponse = 8 << 20         // bytes
	listTimeout = 5 * time.Second // Alertmanager lists an accepted alert within about a second
)

// Alertmanager is a client of Alertmanager's API v2.
type Alertmanager struct {
	url  *url.URL
	http *http.Client
}

// Open validates the URL. It does not connect.
func Open(address string, timeout time.Duration) (*Alertmanager, error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, errors.New("the Alertmanager's URL is malformed: want http://host:9093")
	}
	return &Alertmanager{u, &http.Client{Timeout: timeout}}, nil
}

// Alert is an alert as Alertmanager's API accepts it.
type Alert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations,omitempty"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`
}

// Fire fires the alert and returns the receivers that it is routed to. Alertmanager
// accepts an alert before it routes it, so Fire asks until the alert is listed, at
// most listTimeout. No receiver by then means that no route matches. Whether a
// message arrived only the receiver knows.
func (a *Alertmanager) Fire(ctx context.Context, alert Alert) ([]string, error) {
	body, err := json.Marshal([]Alert{alert})
	if err != nil {
		return nil, fmt.Errorf("encode alert: %w", err)
	}
	if err := a.call(ctx, http.MethodPost, nil, bytes.NewReader(body), nil); err != nil {
		return nil, fmt.Errorf("fire alert: %w", err)
	}
	for deadline := time.Now().Add(listTimeout); ; {
		receivers, err := a.receivers(ctx, alert.Labels)
		if err != nil || len(receivers) > 0 || time.Now().After(deadline) {
			return receivers, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// receivers returns the receivers of the alert with exactly these labels. Filters
// are matchers of Alertmanager's API, which quote values as Go does.
func (a *Alertmanager) receivers(ctx context.Context, labels map[string]string) ([]string, error) {
	query := url.Values{}
	for name, value := range labels {
		query.Add("filter", fmt.Sprintf("%s=%q", name, value))
	}
	var listed []struct {
		Receivers []struct{ Name string }
	}
	if err := a.call(ctx, http.MethodGet, query, nil, &listed); err != nil {
		return nil, fmt.Errorf("list the alert's receivers: %w", err)
	}
	var names []string
	for _, one := range listed {
		for _, receiver := range one.Receivers {
			names = append(names, receiver.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// call sends one request to /api/v2/alerts, and quotes the beginning of an error's
// body: Alertmanager says there which field is wrong.
func (a *Alertmanager) call(ctx context.Context, method string, query url.Values, body io.Reader, into any) error {
	u := a.url.JoinPath("api", "v2", "alerts")
	u.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := a.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxResponse))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %.300s", response.Status, strings.TrimSpace(string(data)))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(data, into)
}
