package parse

import (
	iso "golang.org/x/text/currency"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Currencies are recognized so that a number is known to be money. Which currency it is, is
// not kept: the slot says in which one it wants the amount, and converting would be a guess.

// currencyAt reads a currency: a name that the language knows, a sign of Unicode's
// currency symbols or an ISO 4217 code in capitals.
func (t *text) currencyAt(i int) (next int, ok bool) {
	if i < 0 || i >= len(t.tokens) {
		return i, false
	}
	if _, next, ok := t.class(i, currency); ok {
		if _, after, ok := t.class(next, currency); ok && t.tokens[next].glued && t.tokens[next].shape == sign {
			next = after // "MXN$"
		}
		return next, true
	}
	if _, named, ok := t.class(i, "nation"); ok {
		if _, next, ok := t.class(named, currency); ok {
			return next, true
		}
	}
	// In capitals only: "all" and "try" are codes too.
	written := t.source[t.tokens[i].start:t.tokens[i].end]
	if r, size := utf8.DecodeRuneInString(written); unicode.Is(unicode.Sc, r) && size == len(written) {
		return i + 1, true
	}
	if len(written) == 3 && strings.ToUpper(written) == written && t.tokens[i].shape == word {
		_, err := iso.ParseISO(written)
		return i + 1, err == nil
	}
	return i, false
}

// moneyBefore reports a currency that ends before token i, as the sign of "$5m" does.
// Then an m is a million and no meter.
func (t *text) moneyBefore(i int) bool {
	if t.ends(i, currency) {
		return true
	}
	_, ok := t.currencyAt(i - 1)
	return ok
}
