package gateway

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
)

// guard refuses requests that a web page should not have been able to send, and
// answers those that it may with CORS headers.
//
// It is not github.com/rs/cors because that lets a request of a foreign origin pass
// without headers, where MCP wants 403, and allows headers by name or all of them,
// not by the prefix mcp-param-: both would stand beside it, and what is left are the
// five headers below.
func guard(hosts []string, allowed origins, next http.Handler) http.Handler {
	return knownHost(hosts, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Origin")
		origin := r.Header.Get("Origin")
		if origin == "" {
			next.ServeHTTP(w, r)
			return
		}
		if !allowed.allow(origin) {
			jsonrpc.WriteError(w, http.StatusForbidden, jsonrpc.InvalidRequest, "this origin is not allowed: see ALLOWED_ORIGINS")
			return
		}
		w.Header().Set("Access-Control-Allow-Origin", origin)
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			w.Header().Set("Access-Control-Allow-Methods", "POST, GET, DELETE, OPTIONS")
			w.Header().Set("Access-Control-Allow-Headers", corsHeaders(r.Header.Get("Access-Control-Request-Headers")))
			w.Header().Set("Access-Control-Max-Age", "7200")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Access-Control-Expose-Headers", "Mcp-Session-Id, Mcp-Protocol-Version, WWW-Authenticate, Retry-After")
		next.ServeHTTP(w, r)
	}))
}

// requestHeaders are the headers that a page may send, in lower case.
var requestHeaders = []string{
	"content-type", "accept", "authorization", "last-event-id",
	"mcp-protocol-version", "mcp-session-id", "mcp-method", "mcp-name",
	"traceparent", "tracestate", "baggage",
}

// corsHeaders names the headers that a page may send, with those it asked for
// that carry a tool's arguments: their names are not known beforehand.
func corsHeaders(asked string) string {
	allowed := slices.Clone(requestHeaders)
	for name := range strings.SplitSeq(asked, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if strings.HasPrefix(name, "mcp-param-") && !strings.ContainsAny(name, "\r\n") {
			allowed = append(allowed, name)
		}
	}
	return strings.Join(allowed, ", ")
}

// origins are the web origins that may call: ALLOWED_ORIGINS.
type origins struct {
	any, loopback bool
	listed        map[string]bool
}

// newOrigins reads ALLOWED_ORIGINS. Origins compare without regard to case.
func newOrigins(allowed []string) origins {
	o := origins{listed: map[string]bool{}}
	for _, origin := range allowed {
		switch origin {
		case anyOrigin:
			o.any = true
		case loopbackOrigins:
			o.loopback = true
		default:
			o.listed[strings.ToLower(origin)] = true
		}
	}
	return o
}

// allow reports whether a page of the origin may call.
func (o origins) allow(origin string) bool {
	if o.any || o.listed[strings.ToLower(origin)] {
		return true
	}
	if !o.loopback {
		return false
	}
	parsed, err := url.Parse(origin)
	return err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https") && isLoopback(parsed.Hostname())
}

// isLoopback reports whether a host is this machine by its name or address. No name is
// resolved: whoever answers for it could say anything.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

// knownHost refuses a Host header that is not listed: the mark of DNS
// rebinding. It is off while none is.
func knownHost(hosts []string, next http.Handler) http.Handler {
	if len(hosts) == 0 {
		return next
	}
	known := map[string]bool{}
	for _, host := range hosts {
		known[strings.ToLower(host)] = true
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := strings.ToLower(r.Host)
		name := host
		if split, _, err := net.SplitHostPort(host); err == nil {
			name = split
		}
		if !known[host] && !known[name] && !known[strings.Trim(name, "[]")] {
			jsonrpc.WriteError(w, http.StatusForbidden, jsonrpc.InvalidRequest, "this host name is not allowed: see ALLOWED_HOSTS")
			return
		}
		next.ServeHTTP(w, r)
	})
}
