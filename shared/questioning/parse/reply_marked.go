package parse

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sequential-questioning/sequential-questioning/shared/lazyregexp"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Numbered replies. People number their answers, quote the questions above them, or fill in
// a table. The numbers are theirs: they may be those of the questions or places in the batch,
// they may stand in one line, and a number may be a number ("I need 2. 3. blue"). A marker
// counts only where it cannot be part of an answer, because an answer given to the wrong
// question is wrong twice.

// readMarked gives the parts that numbers or names mark to their questions, and
// returns what stands outside of them.
func (r *replying) readMarked(text string) (rest string) {
	text = flattenTables(text)
	code := withoutCode(text)
	parts, rest := r.cutAtNumbers(text, code)
	if len(parts) == 0 {
		parts, rest = r.cutAtLabels(text, code)
	}
	for _, p := range parts {
		if p.number == 0 {
			r.volunteerLabelled(*r.slotOf(p.slot), p.words)
			continue
		}
		for _, question := range r.open {
			if question.Number == p.number {
				r.answer(question, p.words)
			}
		}
	}
	for _, p := range parts {
		if answer := r.answers[p.number]; answer != nil && answer.Outcome != questioning.Answered {
			continue // "no idea" says no "no" to another question
		}
		if slot := r.slotOf(p.slot); slot != nil && typed(slot.Type) {
			r.assignExcept(p.words, *slot)
		}
	}
	return rest
}

// volunteerLabelled notes what a name marks for a slot that no open question asks for.
func (r *replying) volunteerLabelled(slot questioning.Slot, words string) {
	read := Read(slot, words, r.context)
	if read.Outcome == questioning.Answered && read.Problem != "" {
		if value, ok := r.onlyValue(slot, words); ok {
			read = Reading{Outcome: questioning.Answered, Value: value}
		}
	}
	if read.Outcome != questioning.Answered || read.Problem != "" {
		r.unvalued = append(r.unvalued, Part{Slot: slot.Key, Words: strings.TrimSpace(words), Named: true, Reading: read})
		return
	}
	r.volunteer(slot, words, read.Value)
	r.volunteered[slot.Key].Named = true
}

// withoutCode blanks code blocks, in which numbers mark nothing. Offsets stay, so that
// what is found in the blanked text is cut from the original one.
func withoutCode(text string) string {
	if !strings.Contains(text, "```") && !strings.Contains(text, "~~~") {
		return text
	}
	var b strings.Builder
	fence := ""
	for line := range strings.Lines(text) {
		bare := strings.TrimLeft(line, " >\t")
		opens := ""
		for _, sign := range []string{"```", "~~~"} {
			if strings.HasPrefix(bare, sign) {
				opens = sign
			}
		}
		inside := fence != "" || opens != ""
		switch {
		case fence == "":
			fence = opens
		case opens == fence:
			fence = ""
		}
		if !inside {
			b.WriteString(line)
			continue
		}
		for i := range len(line) {
			if line[i] == '\n' {
				b.WriteByte('\n')
			} else {
				b.WriteByte('x')
			}
		}
	}
	return b.String()
}

// tableRule is the line below a table's head in Markdown.
var tableRule = lazyregexp.New(`^[\s|:-]+$`)

// flattenTables makes lines of the rows of a table: "| 1 | When? | June 5 |" is
// "1. June 5", "| Guests | 20 |" is "Guests: 20".
func flattenTables(text string) string {
	if !strings.Contains(text, "|") {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		bare := strings.TrimSpace(line)
		if len(bare) < 3 || bare[0] != '|' || strings.Count(bare, "|") < 3 {
			continue
		}
		if tableRule.MatchString(bare) {
			lines[i] = ""
			if i > 0 {
				lines[i-1] = "" // the head
			}
			continue
		}
		cells := strings.Split(strings.Trim(bare, "|"), "|")
		first, last := strings.TrimSpace(cells[0]), strings.TrimSpace(cells[len(cells)-1])
		if number := strings.Trim(first, ".#() "); isDigits(number) {
			lines[i] = number + ". " + last
		} else {
			lines[i] = strings.TrimRight(first, ":?") + ": " + last
		}
	}
	return strings.Join(lines, "\n")
}

// markerForm is a number with what may make it a marker: a prefix such as "Q" or
// "answer", bold type, a bracket, and the sign behind it. styleOf checks what it found.
var markerForm = lazyregexp.New(`(?i)(?:^|[\s,;>])((?:\*\*|__)?\(?(questions?\s?#?\s?|q\s?#?|answer\s?#?|ans\s?#?|a|#)?` +
	`(\d{1,6})(?:\*\*|__)?([.):]{1,2}|\s?[-–—])?(?:\*\*|__)?)`)

// marker is a number in a reply that may say which question the text after it
// answers.
type marker struct {
	number     int
	start, end int
	inline     bool // within a line
	style      markerStyle
}

// markerStyle tells apart the ways to mark. The plain one, "1." or "1)" and a
// space, is taken anywhere in a line; others in a line only after a first like them.
type markerStyle struct {
	prefixed, attached bool
	sign               string
}

var plainStyle = markerStyle{}

// cutAtNumbers follows the numbers before the answers. A number counts if it is an
// open question's; numbers that are no open ones but exactly 1 to k, with k at
// most the count of open questions, are places in the batch.
func (r *replying) cutAtNumbers(text, code string) (parts []markedPart, rest string) {
	all := findMarkers(code)
	if lines := slices.DeleteFunc(slices.Clone(all), func(m marker) bool { return m.inline }); len(lines) == 1 {
		all = slices.DeleteFunc(all, func(m marker) bool { return r.isDated(text, m) })
	}
	numbers := map[int]OpenQuestion{}
	for _, question := range r.open {
		numbers[question.Number] = question
	}
	// The numbers of the questions first, which go on from batch to batch; then places.
	taken := r.takeMarkers(text, all, numbers)
	if r.isOwnList(all, numbers) {
		taken = nil
	}
	if len(taken) == 0 {
		numbers = map[int]OpenQuestion{}
		for i, question := range r.open {
			numbers[i+1] = question
		}
		if taken = r.takeMarkers(text, all, numbers); !r.countUp(taken, all) {
			return nil, text
		}
	}
	for i, m := range taken {
		end := len(text)
		if i+1 < len(taken) {
			end = taken[i+1].start
		}
		words := strings.TrimSpace(text[m.end:end])
		if i+1 < len(taken) && taken[i+1].inline {
			words = strings.TrimRight(words, ",; ")
		}
		question := numbers[m.number]
		quoted := strings.Contains(text[m.start:m.end], ">")
		words = withoutEcho(question.Slot, closeBold(text[m.start:m.end], words), quoted)
		parts = append(parts, markedPart{question.Number, question.Slot.Key, words})
	}
	return gather(parts), strings.TrimSpace(text[:taken[0].start])
}

// isOwnList reports lines that are numbered from 1 on, where no open question is the first:
// the person numbers a list, and its 2 is not the question 2.
func (r *replying) isOwnList(all []marker, numbers map[int]OpenQuestion) bool {
	if _, isOpen := numbers[1]; isOpen {
		return false
	}
	count := 0
	for _, m := range all {
		if m.inline {
			continue
		}
		if count++; m.number != count || m.style.prefixed {
			return false
		}
	}
	return count > 1
}

// QuestionNumbers are the numbers that stand before the answers of a reply, as written.
func QuestionNumbers(text string) []int {
	var numbers []int
	text = flattenTables(strings.TrimSpace(newlines.Replace(text)))
	for _, m := range findMarkers(withoutCode(text)) {
		if !m.inline {
			numbers = append(numbers, m.number)
		}
	}
	return numbers
}

// findMarkers finds all that looks like a marker, in the order of the text. Which of
// them mark anything depends on the questions that are open; see takeMarkers.
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
		number, err := strconv.Atoi(text[at[6]:at[7]])
		if err != nil {
			continue
		}
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

// isDated reports the "23." of "23. November", which marks nothing; the "1." of
// "1. May 5" does.
func (r *replying) isDated(text string, m marker) bool {
	if m.number > 31 || m.style != plainStyle || !strings.HasSuffix(text[:m.end], ".") {
		return false
	}
	line, _, _ := strings.Cut(text[m.end:min(len(text), m.end+longestPhrase)], "\n")
	t := textOf(questioning.Slot{}, strings.ToValidUTF8(line, ""), r.context)
	_, next, ok := t.class(0, month)
	return ok && (next >= len(t.tokens) || t.tokens[next].shape != numeral || len(t.tokens[next].text) > 2)
}

// takeMarkers keeps the markers at line starts whose number counts and, when
// the reply begins with one, those in the lines that ascend from it.
func (r *replying) takeMarkers(text string, all []marker, numbers map[int]OpenQuestion) []marker {
	// Between two markers at line starts those within the lines may count, as in "1. yes 2. no".
	// They need a first marker at the very start of the reply: a sentence before it makes "2."
	// more likely the end of that sentence.
	counts := func(m marker) bool { _, ok := numbers[m.number]; return ok }
	var taken []marker
	begun := false
	for i := 0; i < len(all); {
		if all[i].inline || !counts(all[i]) {
			i++
			continue
		}
		first := all[i]
		begun = begun || first.start == 0
		next := i + 1
		for next < len(all) && (all[next].inline || !counts(all[next])) {
			next++
		}
		limit, end := math.MaxInt, len(text)
		if next < len(all) {
			limit, end = all[next].number, all[next].start
		}
		taken = append(taken, first)
		if begun {
			inline := slices.DeleteFunc(slices.Clone(all[i+1:next]), func(m marker) bool { return !counts(m) })
			taken = append(taken, r.inlineMarkers(text[:end], first, inline, limit)...)
		}
		i = next
	}
	return taken
}

// inlineMarkers are the markers in the lines after first, if their numbers
// ascend from it to limit. A number that ends a sentence marks nothing: "I need
// 2. 3. blue" has only the last.
func (r *replying) inlineMarkers(text string, first marker, all []marker, limit int) []marker {
	var eligible []marker
	for _, m := range all {
		fits := m.style == plainStyle || m.style == first.style
		if m.inline && fits && m.number > first.number && m.number < limit && !r.isDated(text, m) {
			eligible = append(eligible, m)
		}
	}
	var kept []marker
	for i, m := range eligible {
		last := i+1 == len(eligible)
		end := len(text)
		if !last {
			end = eligible[i+1].start
		}
		if strings.TrimSpace(text[m.end:end]) == "" && (last || eligible[i+1].number <= m.number) {
			continue
		}
		if len(kept) > 0 && kept[len(kept)-1].number >= m.number {
			return nil
		}
		kept = append(kept, m)
	}
	return kept
}

// countUp reports whether the markers are places in the batch: 1 to k, all that
// stand at line starts, and none an open question's number.
func (r *replying) countUp(taken, all []marker) bool {
	for i, m := range taken {
		isOpen := slices.ContainsFunc(r.open, func(question OpenQuestion) bool { return question.Number == m.number })
		if m.number != i+1 || isOpen {
			return false
		}
	}
	atStarts := func(markers []marker) (n int) {
		for _, m := range markers {
			if !m.inline {
				n++
			}
		}
		return n
	}
	return len(taken) > 0 && atStarts(all) == atStarts(taken)
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

// withoutEcho drops what a person repeated of the question: the line that quotes
// it, the slot's name, or the question itself.
func withoutEcho(slot questioning.Slot, words string, quoted bool) string {
	line, more, _ := strings.Cut(words, "\n")
	if quoted && strings.TrimSpace(more) != "" && !strings.HasPrefix(strings.TrimSpace(more), ">") {
		return more
	}
	if label, answer, ok := cutLabel(line); ok && (label == labelName(slot.Key) || label == labelName(slot.Title) || label == labelName(slot.Question)) {
		return answer + "\n" + more
	}
	return words
}
