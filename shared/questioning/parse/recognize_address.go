package parse

import (
	"net/mail"
	"net/url"
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/lazyregexp"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Email and web addresses. Their grammar is known, so the words around them need no
// accounting: there is one address in the words, or it is asked.

// The forms that are searched for in a person's words. What they find is only a
// candidate: net/mail and net/url judge it.
var (
	emailLike  = lazyregexp.New("[^\\s@<>()\\[\\],;:\"`]+@[^\\s@<>()\\[\\],;:\"`]+\\.[^\\s@<>()\\[\\],;:\"`]+")
	urlLike    = lazyregexp.New("(?i)\\b[a-z][a-z0-9+.-]*://[^\\s<>\"`]+")
	domainLike = lazyregexp.New(`(?i)^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}(?::\d+)?(?:[/?#]\S*)?$`)
	opaqueLike = lazyregexp.New(`(?i)^[a-z][a-z0-9+.-]+:\S+$`)
)

// readEmail reads the one email address in words. Signs of the sentence around it and
// of Markdown are no part of it.
func readEmail(slot questioning.Slot, words string) (any, obstacle) {
	var found []string
	for _, match := range emailLike.FindAllString(words, -1) {
		match = strings.TrimRight(strings.Trim(match, "'*"), ".!?'*")
		if address, err := mail.ParseAddress(match); err == nil && address.Address == match && emailLike.FindString(match) == match {
			found = append(found, match)
		}
	}
	return onlyText(slot, found)
}

// readURI reads the one web address in words. A domain without a scheme gets https, but
// only where it is all that was written: "e.g" or "end.Then" in a sentence is no domain.
func readURI(slot questioning.Slot, words string) (any, obstacle) {
	candidates := urlLike.FindAllString(words, -1)
	if len(candidates) == 0 {
		switch word := trimURL(words); {
		case domainLike.MatchString(word):
			candidates = []string{"https://" + word}
		case opaqueLike.MatchString(word):
			candidates = []string{word}
		}
	}
	var found []string
	for _, candidate := range candidates {
		candidate = trimURL(candidate)
		if address, err := url.Parse(candidate); err == nil && locates(address) {
			found = append(found, candidate)
		}
	}
	return onlyText(slot, found)
}

// locates reports an address that leads somewhere: one with a host for http, and any
// with more than a scheme for others ("mailto:", "urn:").
func locates(address *url.URL) bool {
	switch strings.ToLower(address.Scheme) {
	case "":
		return false
	case "http", "https":
		return address.Hostname() != ""
	}
	return address.Host != "" || address.Opaque != "" || address.Path != ""
}

// trimURL drops the punctuation of the sentence that a web address ends. A closing
// bracket stays where the address opens it, as in those of Wikipedia.
func trimURL(address string) string {
	for {
		trimmed := strings.TrimRight(address, ".,;:!?'*")
		for _, pair := range []string{"()", "[]"} {
			if strings.HasSuffix(trimmed, pair[1:]) && strings.Count(trimmed, pair[:1]) < strings.Count(trimmed, pair[1:]) {
				trimmed = trimmed[:len(trimmed)-1]
			}
		}
		if trimmed == address {
			return address
		}
		address = trimmed
	}
}

// onlyText is the one address found, as a text of the slot. The same one twice is one;
// two are asked for again, since nothing says which is meant.
func onlyText(slot questioning.Slot, found []string) (any, obstacle) {
	slices.Sort(found)
	switch found = slices.Compact(found); len(found) {
	case 0:
		return nil, obstacle{}
	case 1:
		value, err := checkText(slot, found[0])
		if err != nil {
			return nil, obstacle{strings.TrimSuffix(err.Error(), "; expected "+Expected(slot, "")), ""}
		}
		return value, obstacle{}
	default:
		return nil, obstacle{"found more than one", found[1]}
	}
}

// findAddresses finds the email or web addresses in the text.
func (t *text) findAddresses() []span {
	var found []span
	for i, token := range t.tokens {
		if token.shape != address {
			continue
		}
		own := t.source[token.start:token.end]
		read := readURI
		if t.slot.Type == questioning.Email {
			read = readEmail
		}
		if value, problem := read(t.slot, own); value != nil && problem.reason == "" {
			found = append(found, span{from: i, next: i + 1, value: value})
		}
	}
	return found
}
