package parse

import (
	"strings"
	"unicode/utf8"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Languages. All knowledge of words is data: languages/*.yaml says for each phrase what class
// it is of, and how phrases make dates and times of day. The code names classes and hardly
// ever a word. A phrase may be of several classes ("second" is an ordinal, a fraction and a
// unit): what it is in a text, the recognizer or the role beside the value decides.
//
// The classes are of three kinds. Some make values: number, month, currency. Some say nothing
// that matters: filler, article, outro. And some change the value that they stand beside or
// leave it open: see blocking. What is of no class is unknown, and an unknown word beside a
// value leaves the reply unread.

// class is what a phrase can be in a text. Classes with a value have it in the
// entry; languages/en.yaml says of each what it is for.
type class string

const (
	// Numbers: "seven", "seventh", "hundred", "third" (of a fraction), "a", "half",
	// the point of "two point five", signs and the percent sign.
	number, ordinal, scale, fraction, article class = "number", "ordinal", "scale", "fraction", "article"
	half, point, minus, plus, percent         class = "half", "point", "minus", "plus", "percent"
	over                                      class = "over"           // the line of a fraction: "one over three"
	divided                                   class = "divided"        // division and nothing else: "two thousand divided by three"
	suffix                                    class = "ordinal_suffix" // the "th" of "7th"
	// What makes a denominator of a number ("avos"), or of the one before it where
	// the numerator follows ("分之"); what joins a fraction to a whole
	// number beside "and", and to a scale; the "einhalb" that needs no joint; the
	// "whole" that follows its unit; an amount that may mean another; scales that say
	// no number by themselves ("thousands").
	parts, partsFirst, joint, partOf, andHalf, whole, idiom, many class = "parts", "parts_first", "joint", "part_of", "and_half", "whole", "idiom", "many"

	// Dates and times: the value is the month (1 to 12), the weekday (1 is Monday),
	// the days from today, the holiday's rule, the partOfDay, the unit's name.
	month, weekday, day, holiday, part, unit class = "month", "weekday", "day", "holiday", "part", "unit"
	starts, ends, period                     class = "starts", "ends", "period"
	past                                     class = "past" // verbs of what has happened: "fui"

	// What is counted: money, its hundredth, other units, people and things.
	currency, cents, measure        class = "currency", "cents", "measure"
	persons, person, oneself, thing class = "persons", "person", "oneself", "thing"
	attendance                      class = "attendance" // things of which each person has one: "seats"

	// Replies without a value, and those that say yes or no.
	yes, no, assent, dissent, want   class = "yes", "no", "assent", "dissent", "want"
	unknown, declined, notApplicable class = "unknown", "declined", "not_applicable"

	// Replies that are no answer; see Intent.
	ending, endingAlone, deferral, referral, asksBack class = "ending", "ending_alone", "deferral", "referral", "asks_back"

	// Words that change nothing, and those after which a reason begins.
	filler, hedge, and, because, outro, request class = "filler", "hedge", "and", "because", "outro", "request"
	inNameOf                                    class = "in_name_of" // the "under" of "under Smith"
	including, suitable, auxiliary              class = "including", "suitable", "auxiliary"

	// Words that change the value they stand beside; see blocking.
	negation, bound, alternative, between, condition class = "not", "bound", "or", "range", "condition"
	query, repeated, rate, until, since, more        class = "question", "every", "rate", "until", "since", "more"
	only, to, perhaps                                class = "only", "to", "perhaps"

	// Options: "all of them", "none", "both", "except", the "option" of "option 2".
	all, none, both, except, position class = "all", "none", "both", "except", "position"

	// What a slot is about: a place, a place to leave from, nothing in particular
	// ("number", "available").
	location, origin, generic class = "location", "origin", "generic"
	// placing leads to a place's name: from there (-1), to it (1) or in it (0).
	placing class = "placing"
	theirs  class = "theirs" // of somebody else: "her", "their"
	other   class = "other"  // of the same kind: "birthday or other party"
	// correcting is what begins a correction: "actually", "make it".
	correcting class = "correcting"

	weak  class = "weak"  // of no phrase: a number that may be part of a date
	named class = "named" // of no phrase: the name of a place
)

// outcomes are the classes of phrases that stand for an outcome without a value.
var outcomes = map[class]questioning.Outcome{unknown: questioning.Unknown, declined: questioning.Declined, notApplicable: questioning.NotApplicable}

// language is a file of languages made ready for matching.
type language struct {
	code string
	// decimal is the decimal separator, "." or ",".
	decimal string
	// unitsFirst has "und" join units to the tens after them, tensAnd has "y" join
	// tens to the units after them.
	unitsFirst, tensAnd bool
	// dayFirst reads 11/12 as the 11th of December; otherwise it is asked.
	dayFirst bool
	*vocabulary
	lexicon *phraseNode
	spare   []phraseNode  // for the next phrases
	unused  []patternNode // for the next patterns
	dates   *patternNode
	times   *patternNode
}

// vocabulary is which words a language knows.
type vocabulary struct {
	known map[string]struct{} // every word of the lexicon and the patterns
	// compound are the words that compounds of numbers are made of, nil where number
	// words are not written as one as in "dreiundzwanzig".
	compound map[string]bool
}

// scaleLetters end the names of scales that are a letter, which may be a unit as well.
const scaleLetters = "mbgt"

// isLetter reports a scale that is a letter: "m" for a million. A k is always a thousand.
func (e entry) isLetter() bool {
	return e.class == scale && strings.TrimRight(e.name, scaleLetters) != e.name
}

// notBehind reports a language that puts its negation behind the verb of a sentence.
func (l *language) notBehind() bool { return l.code == "de" || l.code == "nl" }

// entry is one meaning of a phrase.
type entry struct {
	class class
	value float64
	name  string // the value as written
}

// coverage counts the words that the language knows.
func (v *vocabulary) coverage(tokens []token) int {
	knows := 0
	for _, t := range tokens {
		if t.shape == word && !(t.glued && len(t.text) == 1) && (v.knows(t.text) || v.knows(t.plain) || v.parts(t.plain) != nil) {
			knows++
		}
	}
	return knows
}

func (v *vocabulary) knows(word string) bool {
	_, known := v.known[word]
	return known
}

// longestCompound bounds, in bytes, the number words written as one.
const longestCompound = 80

// parts are the number words that make up a compound, nil if it is none.
func (v *vocabulary) parts(compound string) []string {
	if v.compound == nil || len(compound) > longestCompound {
		return nil
	}
	// back[end] is where the last part of compound[:end] begins.
	back := make([]int, len(compound)+1)
	for end := 1; end <= len(compound); end++ {
		back[end] = -1
		for from := range end {
			if (from == 0 || back[from] >= 0) && v.compound[compound[from:end]] {
				back[end] = from
				break
			}
		}
	}
	if back[len(compound)] < 0 {
		return nil
	}
	var parts []string
	for end := len(compound); end > 0; end = back[end] {
		parts = append([]string{compound[back[end]:end]}, parts...)
	}
	return parts
}

// unstretched spells "sooo", "pleeease" and "nooo" as the words that they draw out. A word
// that the language knows as it stands is not changed, nor is one that is a single letter
// again and again: "www" and "III" draw out nothing.
func (l *language) unstretched(tokens []token) []token {
	for i := range tokens {
		t := &tokens[i]
		if t.shape != word || !stretched(t.plain) || l.knows(t.text) || l.knows(t.plain) {
			continue
		}
		for _, most := range []int{2, 1} {
			if short := shortened(t.plain, most); l.knows(short) && short != strings.Repeat(short[:1], len(short)) {
				t.text, t.plain = short, short
				break
			}
		}
	}
	return tokens
}

// stretch is how often a letter has to follow itself to draw a word out: no word of these
// languages has it three times.
const stretch = 3

// stretched reports a letter that is written at least stretch times in a row.
func stretched(word string) bool {
	for i := stretch - 1; i < len(word); i++ {
		if word[i] < utf8.RuneSelf && word[i] == word[i-1] && word[i] == word[i-2] {
			return true
		}
	}
	return false
}

// shortened leaves at most so many of each letter that is written stretch times or more.
func shortened(word string, most int) string {
	var b strings.Builder
	for i := 0; i < len(word); {
		end := i + 1
		for end < len(word) && word[end] == word[i] {
			end++
		}
		run := end - i
		if run >= stretch {
			run = most
		}
		b.WriteString(word[i : i+run])
		i = end
	}
	return b.String()
}

// split replaces each compound of number words by its parts.
func (l *language) split(tokens []token) []token {
	if l.compound == nil {
		return tokens
	}
	out := make([]token, 0, len(tokens))
	for _, t := range tokens {
		parts := l.parts(t.plain)
		if t.shape != word || len(parts) < 2 || l.lexicon.after(t.plain) != nil {
			out = append(out, t)
			continue
		}
		for i, part := range parts {
			piece := token{start: t.start, end: t.end, text: part, plain: part, glued: t.glued || i > 0, newline: t.newline && i == 0}
			out = append(out, piece)
		}
	}
	return out
}

// branch is where the phrases that begin alike part. The words that follow are in
// a list, or in an index where they are many.
type branch[node any] struct {
	steps []step[node]
	index map[string]node
}

// step leads to a node by a word.
type step[node any] struct {
	word string
	to   node
}

// after is the node that follows with the word, or nil.
func (b *branch[node]) after(word string) (found node) {
	if b.index != nil {
		return b.index[word]
	}
	for i := range b.steps {
		if b.steps[i].word == word {
			return b.steps[i].to
		}
	}
	return found
}

// listed is up to how many steps looking through all is faster than an index.
const listed = 16

// add leads from a node by a word.
func (b *branch[node]) add(word string, to node) {
	if b.index != nil {
		b.index[word] = to
		return
	}
	b.steps = append(b.steps, step[node]{word, to})
	if len(b.steps) > listed {
		b.index = make(map[string]node, 4*listed)
		for _, s := range b.steps {
			b.index[s.word] = s.to
		}
		b.steps = nil
	}
}

// phraseNode is a word of phrases, with the meanings of the phrase it ends.
type phraseNode struct {
	branch[*phraseNode]
	entries []entry
}

// A pattern says how a language makes a date or a time of day:
//
//	the {day} of {month} [[,] {year}]
//	half past {hour} => minute=30
//
// Words stand for themselves, [ ] may be left out, ( | ) are alternatives and
// { } names a reader, see text.read, which notes what it reads in the field of that
// name. What follows => are fields that the pattern sets itself. Of several
// patterns that fit, the one that takes the most words counts.
type patternNode struct {
	branch[*patternNode]
	readers []readerEdge
	end     bool
	sets    []setting
}

// readerEdge leads on where the reader of that name reads something; see text.read.
type readerEdge struct {
	name string
	to   *patternNode
}

type setting struct {
	field field
	value int
}
