package reply

import (
	"math"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	blankLines  = regexp.MustCompile(`\n[ \t]*\n\s*`)
	plainBullet = regexp.MustCompile(`^[\s>]*(?:[-*+•‣▪◦·–—][ \t]+)?`)
	markerForm  = regexp.MustCompile(`(?i)(?:^|[\s,;>])((?:\*\*|__)?\(?(questions?\s?#?\s?|q\s?#?|answer\s?#?|ans\s?#?|a|#)?` +
		`(\d{1,6})(?:\*\*|__)?([.):]{1,2}|\s?[-–—])?(?:\*\*|__)?)`)
	// datedForm is what makes "23. November" a date; "1. May 5" is still marked.
	datedForm = regexp.MustCompile(`(?i)^\s+` + monthWord + `(?:\s+(\d{1,2})(?:st|nd|rd|th)?\b)?`)
)

// marker is a number in a reply that may say which question the text after it
// answers.
type marker struct {
	number     int
	start, end int
	inline     bool
	style      markerStyle
}

// markerStyle tells apart the ways to mark. The plain one, "1." or "1)" and a
// space, is taken anywhere in a line; others in a line only after a first like them.
type markerStyle struct {
	prefixed, attached bool
	sign               string
}

var plainStyle = markerStyle{}

// splitMarkers follows the numbers before the answers. A number counts if it is
// an open question's; numbers that are no open ones but exactly 1 to k, with k
// at most the count of open questions, are places in the batch.
func splitMarkers(text string, open []Open) (parts []Part, rest string) {
	all := findMarkers(text)
	lines := 0
	for _, marker := range all {
		if !marker.inline {
			lines++
		}
	}
	if lines == 1 {
		all = withoutDate(text, all)
	}
	numbers := map[int]int{}
	for _, question := range open {
		numbers[question.Number] = question.Number
	}
	taken := takeMarkers(text, all, numbers)
	if len(taken) == 0 {
		numbers = map[int]int{}
		for i, question := range open {
			numbers[i+1] = question.Number
		}
		if taken = takeMarkers(text, all, numbers); !countUp(taken, all, open) {
			return nil, ""
		}
	}
	gathered := answers{open: open}
	for i, marker := range taken {
		end := len(text)
		if i+1 < len(taken) {
			end = taken[i+1].start
		}
		words := strings.TrimSpace(text[marker.end:end])
		if i+1 < len(taken) && taken[i+1].inline {
			words = strings.TrimRight(words, ",; ")
		}
		number := numbers[marker.number]
		gathered.add(number, withoutEcho(number, closeBold(text[marker.start:marker.end], words), open))
	}
	return gathered.parts(), strings.TrimSpace(text[:taken[0].start])
}

// Numbers are the numbers that stand before the answers of a reply, as written.
func Numbers(text string) []int {
	var numbers []int
	for _, marker := range findMarkers(strings.TrimSpace(newlines.Replace(text))) {
		if !marker.inline {
			numbers = append(numbers, marker.number)
		}
	}
	return numbers
}

// findMarkers finds all that looks like a marker.
func findMarkers(text string) []marker {
	var found []marker
	lineStart, seen := 0, 0
	for _, at := range markerForm.FindAllStringSubmatchIndex(text, -1) {
		if newline := strings.LastIndexByte(text[seen:at[2]], '\n'); newline >= 0 {
			lineStart = seen + newline + 1
		}
		seen = at[2]
		style, ok := styleOf(text, at)
		if !ok {
			continue
		}
		number := whole(text[at[6]:at[7]])
		lead := text[lineStart:at[2]]
		if len(lead) <= longestPhrase && plainBullet.FindString(lead) == lead {
			found = append(found, marker{number, lineStart, at[3], false, style})
			continue
		}
		start := at[2]
		if style.prefixed && style.sign != "#" && len(found) > 0 && !found[0].style.prefixed {
			start, style.prefixed = at[6], false // "my answer 2. no"
		}
		found = append(found, marker{number, start, at[3], true, style})
	}
	return found
}

// styleOf checks what stands around a marker's number: "1.5", "10:30", "5 - 10"
// and "2026-11-23" are no markers.
func styleOf(text string, at []int) (style markerStyle, ok bool) {
	var prefix, sign string
	if at[4] >= 0 {
		prefix = strings.TrimSpace(text[at[4]:at[5]])
	}
	if at[8] >= 0 {
		sign = text[at[8]:at[9]]
	}
	after := text[at[1]:]
	next, size := utf8.DecodeRuneInString(after)
	spaced := size == 0 || unicode.IsSpace(next)
	style.prefixed = prefix != ""
	switch {
	case sign == "" && prefix == "#":
		style.sign = "#"
		return style, spaced
	case sign == "":
		return style, false
	case sign[0] == '.' || sign[0] == ')':
		style.attached = !spaced
		return style, spaced || unicode.IsLetter(next) || next == '"' || next == '“'
	case sign[0] == ':':
		style.sign = ":"
		return style, spaced || style.prefixed
	}
	style.sign = "-"
	digit, _ := utf8.DecodeRuneInString(strings.TrimSpace(after[:min(len(after), longestPhrase)]))
	return style, spaced && (style.prefixed || unicode.IsSpace(rune(sign[0])) && !unicode.IsDigit(digit))
}

func withoutDate(text string, all []marker) []marker {
	var kept []marker
	for _, marker := range all {
		if !isDated(text, marker) {
			kept = append(kept, marker)
		}
	}
	return kept
}

func isDated(text string, marker marker) bool {
	if marker.number > 31 || marker.style != plainStyle || !strings.HasSuffix(text[:marker.end], ".") {
		return false
	}
	match := datedForm.FindStringSubmatch(text[marker.end:min(len(text), marker.end+longestPhrase)])
	return match != nil && match[2] == ""
}

// takeMarkers keeps the markers at line starts whose number counts and, when
// the reply begins with one, those in the lines that ascend from it.
func takeMarkers(text string, all []marker, numbers map[int]int) []marker {
	var taken []marker
	begun := false
	for i := 0; i < len(all); {
		if _, counts := numbers[all[i].number]; all[i].inline || !counts {
			i++
			continue
		}
		first := all[i]
		begun = begun || first.start == 0
		next := i + 1
		for next < len(all) && (all[next].inline || !has(numbers, all[next].number)) {
			next++
		}
		limit, end := math.MaxInt, len(text)
		if next < len(all) {
			limit, end = all[next].number, all[next].start
		}
		taken = append(taken, first)
		if begun {
			taken = append(taken, inlineMarkers(text[:end], first, all[i+1:next], limit, numbers)...)
		}
		i = next
	}
	return taken
}

func has(numbers map[int]int, number int) bool {
	_, ok := numbers[number]
	return ok
}

// inlineMarkers are the markers in the lines after first, if their numbers
// ascend from it to limit. A number that ends a sentence marks nothing: "I need
// 2. 3. blue" has only the last.
func inlineMarkers(text string, first marker, all []marker, limit int, numbers map[int]int) []marker {
	var eligible []marker
	for _, marker := range all {
		fits := marker.style == plainStyle || marker.style == first.style
		if marker.inline && fits && has(numbers, marker.number) && marker.number > first.number && marker.number < limit && !isDated(text, marker) {
			eligible = append(eligible, marker)
		}
	}
	var kept []marker
	for i, marker := range eligible {
		last := i+1 == len(eligible)
		end := len(text)
		if !last {
			end = eligible[i+1].start
		}
		if strings.TrimSpace(text[marker.end:end]) == "" && (last || eligible[i+1].number <= marker.number) {
			continue
		}
		if len(kept) > 0 && kept[len(kept)-1].number >= marker.number {
			return nil
		}
		kept = append(kept, marker)
	}
	return kept
}

// countUp reports whether the markers are places in the batch: 1 to k, all that
// stand at line starts, and none an open question's number.
func countUp(taken, all []marker, open []Open) bool {
	numbers := map[int]bool{}
	for _, question := range open {
		numbers[question.Number] = true
	}
	for i, marker := range taken {
		if marker.number != i+1 || numbers[marker.number] {
			return false
		}
	}
	lines, takenLines := 0, 0
	for _, marker := range all {
		if !marker.inline {
			lines++
		}
	}
	for _, marker := range taken {
		if !marker.inline {
			takenLines++
		}
	}
	return len(taken) > 0 && lines == takenLines
}

// closeBold drops the end of the bold type that a marker began.
func closeBold(mark, words string) string {
	for _, bold := range []string{"**", "__"} {
		if strings.Count(mark, bold) == 1 {
			return strings.Replace(words, bold, "", 1)
		}
	}
	return words
}

// withoutEcho drops the slot's name that a person repeated after the number.
func withoutEcho(number int, words string, open []Open) string {
	line, more, _ := strings.Cut(words, "\n")
	label, answer, ok := CutLabel(line)
	if !ok {
		return words
	}
	for _, question := range open {
		if question.Number == number && (label == LabelName(question.Slot.Key) || label == LabelName(question.Slot.Title)) {
			return answer + "\n" + more
		}
	}
	return words
}
