package parse

import (
	"strings"
	"unicode"
)

// Tokens. A text is cut by its characters alone, before anything is known of its language:
// runs of letters, numerals with their separators, dates and times of day in digits,
// addresses, and every other character by itself. So "20 people, 7:30pm" is
//
//	20 (numeral)  people (word)  , (sign)  7:30 (clock)  pm (word, glued)
//
// What a token could mean is not decided here. "11/30" is a calendar token, and only later a
// date, a fraction or nothing; "1.500" is one numeral, of which the language says whether it
// is fifteen hundred or one and a half. Every token keeps the bytes that it stands for, so
// that a person's own words can be quoted.

// shape tells tokens apart by their characters alone.
type shape int

const (
	word     shape = iota // a run of letters; each Han character is a word of its own
	numeral               // digits with the points, commas and apostrophes among them
	calendar              // 2026-11-30, 30.11.2026, 11/30/26 and 11/30
	clock                 // 14:30 and 14:30:15
	address               // an email or web address
	sign                  // one other character
)

// token is a piece of a text; tokens are in order and do not overlap.
type token struct {
	start, end int    // bytes of the text
	text       string // lower case, with straight quotes, dashes and narrow digits
	plain      string // text without its accents
	shape      shape
	glued      bool // nothing stands between it and the token before
	newline    bool // a line ends before it
}

// scanner walks over the folded characters of a text.
type scanner struct {
	runes   []rune
	offsets []int // of each rune in the text, and its end
	at      int
	// noAddress is the end of a run that holds no address.
	noAddress int
}

// tokenize splits text into tokens. An apostrophe is a token of its own; a
// hyphen within a word ("twenty-five", "16-bit") is none.
func tokenize(text string) []token {
	s := scanner{runes: make([]rune, 0, len(text)), offsets: make([]int, 0, len(text)+1)}
	for at, r := range text {
		s.runes, s.offsets = append(s.runes, folded(r)), append(s.offsets, at)
	}
	s.offsets = append(s.offsets, len(text))
	for i := 1; i+1 < len(s.runes); i++ {
		if s.runes[i] == '"' && unicode.IsLetter(s.runes[i-1]) && unicode.IsLetter(s.runes[i+1]) {
			s.runes[i] = '\'' // the o"clock of those who miss the key
		}
	}
	var tokens []token
	last, newline := -1, false
	for s.at < len(s.runes) {
		r := s.runes[s.at]
		if unicode.IsSpace(r) || ignorable(r) || s.hyphen() {
			newline = newline || r == '\n' || r == '\r'
			s.at++
			continue
		}
		from := s.at
		kind := s.next()
		t := token{start: s.offsets[from], end: s.offsets[s.at], shape: kind, glued: from == last, newline: newline}
		t.text = string(s.runes[from:s.at])
		t.plain = unaccented(t.text)
		tokens = append(tokens, t)
		last, newline = s.at, false
	}
	return tokens
}

// ignorable are the skin tones and joiners of emoji.
func ignorable(r rune) bool {
	return r >= 0x1F3FB && r <= 0x1F3FF || r == 0xFE0F || r == 0x200D || unicode.Is(unicode.Cc, r)
}

// peek is the character some places ahead, 0 beyond the text.
func (s *scanner) peek(ahead int) rune {
	if at := s.at + ahead; at >= 0 && at < len(s.runes) {
		return s.runes[at]
	}
	return 0
}

// hyphen reports a hyphen within a compound.
func (s *scanner) hyphen() bool {
	before := s.peek(-1)
	return s.peek(0) == '-' && unicode.IsLetter(s.peek(1)) && (unicode.IsLetter(before) || isDigit(before))
}

// next moves over the token that begins here. What can begin the longest token is tried first:
// an address may begin with a word, and a date with a number.
func (s *scanner) next() shape {
	r := s.runes[s.at]
	switch {
	case s.address():
		return address
	case isDigit(r):
		return s.digits()
	case (r == '.' || r == ',') && isDigit(s.peek(1)) && !isDigit(s.peek(-1)) && !unicode.IsLetter(s.peek(-1)):
		s.at++
		s.run(isDigit)
		return numeral
	case unicode.Is(unicode.Han, r):
		s.at++
		return word
	case isWordRune(r):
		s.run(func(r rune) bool { return isWordRune(r) && !unicode.Is(unicode.Han, r) })
		return word
	}
	s.at++
	return sign
}

// run moves over characters of a kind.
func (s *scanner) run(of func(rune) bool) {
	for s.at < len(s.runes) && of(s.runes[s.at]) {
		s.at++
	}
}

// isWordRune reports a letter, or a mark on one.
func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.Is(unicode.M, r) }

// address moves over what holds an @ or :// before the next space. Only the
// first character of a run is looked at.
func (s *scanner) address() bool {
	if s.at < s.noAddress {
		return false
	}
	if before := s.peek(-1); isWordRune(before) || isDigit(before) || !isWordRune(s.peek(0)) && !isDigit(s.peek(0)) {
		return false
	}
	// The run is looked at once: where it holds no address, noAddress says so for all its
	// characters, which keeps a long text without spaces linear.
	marked := false
	end := s.at
	for ; end < len(s.runes) && !unicode.IsSpace(s.runes[end]) && !strings.ContainsRune("<>\"", s.runes[end]); end++ {
		switch s.runes[end] {
		case '@':
			marked = true
		case ':':
			marked = marked || end+2 < len(s.runes) && s.runes[end+1] == '/' && s.runes[end+2] == '/'
		}
	}
	if !marked {
		s.noAddress = end
		return false
	}
	for end > s.at+1 && strings.ContainsRune(".,;:!?'*)]", s.runes[end-1]) {
		end--
	}
	s.at = end
	return true
}

// digits moves over the longest calendar date, time of day or number here.
func (s *scanner) digits() shape {
	// First the groups of digits with one separator between each two, then the longest token
	// that they make. A separator is one only before a digit, so the point of "at 5." ends
	// the sentence. 64 groups are enough for any number and bound the work.
	var groups []int // lengths
	var seps []rune
	ends := []int{}
	for at := s.at; ; {
		from := at
		for at < len(s.runes) && isDigit(s.runes[at]) {
			at++
		}
		groups, ends = append(groups, at-from), append(ends, at)
		if len(groups) == 64 || at+1 >= len(s.runes) || !strings.ContainsRune(".,':/-", s.runes[at]) || !isDigit(s.runes[at+1]) {
			break
		}
		seps = append(seps, s.runes[at])
		at++
	}
	kind, used := numeral, 1
	switch {
	case isCalendar(groups, seps):
		kind, used = calendar, 3
	case len(seps) > 0 && seps[0] == '/' && groups[0] <= 2 && groups[1] <= 2 && (len(seps) == 1 || seps[1] != '/'):
		kind, used = calendar, 2
	case len(seps) > 0 && seps[0] == ':' && groups[0] <= 2 && groups[1] == 2:
		kind, used = clock, 2
		if len(seps) > 1 && seps[1] == ':' && groups[2] == 2 {
			used = 3
		}
	default:
		for used < len(groups) && strings.ContainsRune(".,'", seps[used-1]) {
			used++
		}
	}
	s.at = ends[used-1]
	return kind
}

// isCalendar reports three groups that can be year, month and day in an order.
func isCalendar(groups []int, seps []rune) bool {
	if len(seps) < 2 || seps[0] != seps[1] || !strings.ContainsRune("-/.", seps[0]) || len(seps) > 2 && seps[2] == seps[0] {
		return false
	}
	yearFirst := groups[0] == 4 && groups[1] <= 2 && groups[2] <= 2
	yearLast := groups[0] <= 2 && groups[1] <= 2 && (groups[2] == 4 || groups[2] == 2)
	return yearFirst || yearLast
}
