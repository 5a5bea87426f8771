package model

import (
	"strings"
	"sync/atomic"
)

// variant is how an endpoint wants to be asked where endpoints differ. The zero
// value is the API as it is today.
type variant struct {
	jsonObject bool // knows response_format json_object only
	maxTokens  bool // knows max_tokens in place of max_completion_tokens
}

// other returns what to try after a refusal with this text. Providers word such
// refusals as they like, but name the parameter. It gives up when both are
// replaced.
func (v variant) other(text string) (variant, bool) {
	switch text = strings.ToLower(text); {
	case !v.maxTokens && strings.Contains(text, "max_completion_tokens"):
		v.maxTokens = true
	case !v.jsonObject && (strings.Contains(text, "response_format") || strings.Contains(text, "json_schema")):
		v.jsonObject = true
	default:
		return v, false
	}
	return v, true
}

// dialect remembers the variant that was understood last, so that only the first
// request of an instance pays for finding it. It is safe for concurrent use.
type dialect struct{ last atomic.Pointer[variant] }

// current is the variant that worked last, or the newest.
func (d *dialect) current() variant {
	if last := d.last.Load(); last != nil {
		return *last
	}
	return variant{}
}
