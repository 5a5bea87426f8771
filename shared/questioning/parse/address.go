package parse

import (
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/schema/bounds"
)

var (
	emailLike  = regexp.MustCompile("[^\\s@<>()\\[\\],;:\"`]+@[^\\s@<>()\\[\\],;:\"`]+\\.[^\\s@<>()\\[\\],;:\"`]+")
	urlLike    = regexp.MustCompile("(?i)\\b[a-z][a-z0-9+.-]*://[^\\s<>\"`]+")
	domainLike = regexp.MustCompile(`(?i)^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}(?::\d+)?(?:[/?#]\S*)?$`)
	opaqueLike = regexp.MustCompile(`(?i)^[a-z][a-z0-9+.-]+:\S+$`)
)

// longestMatched bounds, in bytes, the words held against a pattern: the time
// it takes grows with their product.
const longestMatched = 4 << 10

func checkText(slot questioning.Slot, text string) (any, error) {
	if !fits(utf8.RuneCountInString(text), slot.MinLength, slot.MaxLength) {
		return nil, misread(slot, "the length does not fit")
	}
	if slot.Pattern == "" {
		return text, nil
	}
	if len(text) > longestMatched {
		return nil, misread(slot, "the answer is too long")
	}
	if pattern, err := bounds.Compile(slot.Pattern); err == nil && !pattern.MatchString(text) {
		return nil, misread(slot, "the form does not fit")
	}
	return text, nil
}

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

func locates(address *url.URL) bool {
	switch strings.ToLower(address.Scheme) {
	case "":
		return false
	case "http", "https":
		return address.Hostname() != ""
	}
	return address.Host != "" || address.Opaque != "" || address.Path != ""
}

// trimURL drops the punctuation of the sentence a web address ends.
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

func onlyText(slot questioning.Slot, found []string) (any, obstacle) {
	slices.Sort(found)
	switch found = slices.Compact(found); len(found) {
	case 0:
		return nil, obstacle{}
	case 1:
		return readFree(slot, found[0], nil)
	default:
		return nil, obstacle{"found more than one", found[1]}
	}
}
