// Package alert fires an alert to try who hears of it.
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
	maxAnswer = 8 << 20
	settle    = 5 * time.Second // until an alert that was taken is listed
)

// Alertmanager is one, by its URL.
type Alertmanager struct {
	url  *url.URL
	http *http.Client
}

// Open reads the URL and connects to nothing.
func Open(address string, timeout time.Duration) (*Alertmanager, error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, errors.New("the Alertmanager's URL is malformed: want http://host:9093")
	}
	return &Alertmanager{u, &http.Client{Timeout: timeout}}, nil
}

// Alert is what Alertmanager's API takes.
type Alert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations,omitempty"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`
}

// Fire fires the alert and returns the receivers that it is routed to.
func (a *Alertmanager) Fire(ctx context.Context, alert Alert) ([]string, error) {
	body, err := json.Marshal([]Alert{alert})
	if err != nil {
		return nil, fmt.Errorf("encode alert: %w", err)
	}
	if err := a.call(ctx, http.MethodPost, nil, bytes.NewReader(body), nil); err != nil {
		return nil, fmt.Errorf("fire alert: %w", err)
	}
	for deadline := time.Now().Add(settle); ; {
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

// receivers are those of the alert with exactly these labels.
func (a *Alertmanager) receivers(ctx context.Context, labels map[string]string) ([]string, error) {
	query := url.Values{}
	for name, value := range labels {
		query.Add("filter", fmt.Sprintf("%s=%q", name, value))
	}
	var listed []struct {
		Receivers []struct{ Name string }
	}
	if err := a.call(ctx, http.MethodGet, query, nil, &listed); err != nil {
		return nil, fmt.Errorf("ask where the alert went: %w", err)
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

func (a *Alertmanager) call(ctx context.Context, method string, query url.Values, body io.Reader, into any) error {
	u := a.url.JoinPath("api", "v2", "alerts")
	u.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := a.http.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %.300s", answer.Status, strings.TrimSpace(string(data)))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(data, into)
}
