package model

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/sequential-questioning/sequential-questioning/shared/lazyregexp"
	"github.com/sequential-questioning/sequential-questioning/shared/plain"
)

// What a model must not ask a person is refused here and by package secret, whatever
// the prompt says: a goal or an answer may contain instructions that the model follows
// (OWASP LLM01, prompt injection). The patterns err on the side of refusing, since the
// plain question is always there.

// markup is what a model has no reason to write to a person: tags, links, and
// scripts.
var markup = lazyregexp.New(`(?i)<[a-z!/?][^>]*>?|\]\(\S*|\b(?:https?|ftp|file|javascript|mailto|data|vbscript):\S+|\bwww\.\S+|\b[\w-]+\.[a-z]{2,}/\S*`)

// reachable is what leads somewhere else, or names somebody there: hosts, also
// spelt out, addresses of mail and of machines.
var reachable = lazyregexp.New(`(?i)\S*@\S+|(?:[\p{L}\p{N}_-]+\.)+(?:xn--[a-z0-9-]+|\p{L}{2,24})(?::\d+)?` +
	`|\b[\p{L}\p{N}-]+\s*[(\[{]?\s*\b(?:dot|punkt|point|punto|ponto|punt)\b\s*[)\]}]?\s*\b(?:com|net|org|io|info|biz|example|app|dev|xyz|ru|cn|de|fr|es|it|pt|nl|uk|me)\b` +
	`|\b\d{1,3}(?:\.\d{1,3}){3}\b|\[?(?:[0-9a-f]{1,4}:){3,}[0-9a-f:]*\]?|\blocalhost\b`)

// abbreviations look like hosts.
var abbreviations = map[string]bool{"p.ej": true, "p.es": true, "i.e": true, "e.g": true}

// leadsTo returns what a text leads to that a source does not have. What the source
// has is allowed, because the person or the caller wrote it first. NFKC makes
// full-width and other look-alike characters those that a client would resolve.
func leadsTo(text, source string) string {
	text, source = norm.NFKC.String(text), norm.NFKC.String(source)
	for _, pattern := range []*lazyregexp.Regexp{markup, reachable} {
		for _, part := range pattern.FindAllString(text, -1) {
			if !abbreviations[strings.ToLower(part)] && !strings.Contains(source, part) {
				return part
			}
		}
	}
	return ""
}

// hides says that a text has more than one line, or something that is not seen.
func hides(text string) bool {
	text = strings.TrimSpace(text)
	return strings.ContainsAny(text, "\n\r\t\v\f\u0085\u2028\u2029") || strings.Join(strings.Fields(text), " ") != plain.Line(text)
}
