package parse

import (
	"slices"
	"strings"
	"unicode"

	"github.com/sequential-questioning/sequential-questioning/shared/lazyregexp"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Named replies: "Budget: 500". A label means a slot by its name, else by words that fit one
// slot only. A label that could mean two slots means none, and its line is left to the rest.

// cutAtLabels follows lines such as "Budget: 500" and "> When?" that name a slot:
// by its key or title, or by words that say no other slot is meant. Lines that
// follow belong to it, up to a blank one where the slot takes no long text.
func (r *replying) cutAtLabels(text, code string) (parts []markedPart, rest string) {
	var outside []string
	var current *markedPart
	inCode := strings.Split(code, "\n")
	var lines, plain []string
	for i, line := range strings.Split(text, "\n") {
		if inCode[i] != line {
			lines, plain = append(lines, line), append(plain, inCode[i])
			continue
		}
		pieces := r.cutBeforeLabels(line)
		lines, plain = append(lines, pieces...), append(plain, pieces...)
	}
	for i, line := range lines {
		var slot *questioning.Slot
		label, words, ok := cutLabel(line)
		if ok && plain[i] == line {
			slot = r.slotNamed(label, line, words)
		}
		switch {
		case slot != nil:
			question, _ := r.question(slot.Key)
			parts = append(parts, markedPart{question.Number, slot.Key, words})
			current = &parts[len(parts)-1]
		case current != nil && strings.TrimSpace(line) == "" && r.isShort(current.slot) && strings.TrimSpace(current.words) != "":
			current = nil
		case current != nil:
			current.words += "\n" + line
		default:
			outside = append(outside, line)
		}
	}
	return gather(parts), strings.TrimSpace(strings.Join(outside, "\n"))
}

// labelInLine is a name within a line, with the sign before it and the colon behind it.
var labelInLine = lazyregexp.New(`[.,;]\s+([^.,;:?]{1,60}):\s`)

// cutBeforeLabels cuts a line before each name of a slot in it: "a party, date: June 5,
// guests: 20".
func (r *replying) cutBeforeLabels(line string) (pieces []string) {
	start := 0
	if len(line) <= longestTyped {
		for _, at := range labelInLine.FindAllStringSubmatchIndex(line, -1) {
			label := line[at[2]:at[3]]
			if r.slotNamed(labelName(label), label+":", line[at[1]:]) != nil {
				pieces, start = append(pieces, strings.TrimRight(line[start:at[2]], ",; ")), at[2]
			}
		}
	}
	return append(pieces, line[start:])
}

// isShort reports a slot that a paragraph is too long for.
func (r *replying) isShort(key string) bool {
	slot := r.slotOf(key)
	return slot != nil && typed(slot.Type)
}

// SlotNamed returns the key of the one slot that a name such as "guests" or
// "numberOfGuests" means, and false where it means none or several. What is said of the
// slot, if anything, may tell which of several is meant.
func SlotNamed(name, said string, slots []questioning.Slot, c Context) (string, bool) {
	for _, slot := range slots {
		if slot.Key == name {
			return slot.Key, true
		}
	}
	if strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || r != ' ' && unicode.IsSpace(r) }) {
		return "", false // no name
	}
	label := labelName(camelCase.ReplaceAllString(name, "$1 $2"))
	if label == "" || len(label) > longestLabel {
		return "", false
	}
	r := &replying{slots: slots, context: c}
	if slot := r.slotNamed(label, label+":", said); slot != nil {
		return slot.Key, true
	}
	return "", false
}

// camelCase is where a word of a camel-case name begins.
var camelCase = lazyregexp.New(`([a-z0-9])([A-Z])`)

// slotNamed is the one slot that a label means: by its name, else by words of its
// name, description and question that all the label's words are among. Of several the
// words behind the label may fit only one.
func (r *replying) slotNamed(label, line, words string) *questioning.Slot {
	for _, name := range []func(questioning.Slot) string{
		func(s questioning.Slot) string { return s.Key },
		func(s questioning.Slot) string { return s.Title },
		func(s questioning.Slot) string { return s.Question },
	} {
		for i := range r.slots {
			if own := labelName(name(r.slots[i])); own != "" && own == label {
				return &r.slots[i]
			}
		}
	}
	longest := longestMeant
	if at := strings.IndexAny(line, ":?"); line[at] == '?' {
		longest = longestAsked
	}
	if len(strings.Fields(label)) > longest {
		return nil
	}
	return r.meant(label, strings.TrimSpace(words))
}

// These bound, in words, a label that is understood by its meaning: a longer one
// before a colon is a sentence, one before a question mark the person's own question.
const longestMeant, longestAsked = 6, 1

// meant is the one slot that a label speaks of, nil when several or none are: by its
// name alone, by what it asks, else by all that describes the slot.
func (r *replying) meant(label, said string) *questioning.Slot {
	l := textOf(questioning.Slot{Type: questioning.Text}, label, r.context)
	words := slices.DeleteFunc(l.contentWords(label, true), l.isGeneric)
	name := func(s questioning.Slot) string { return s.Key + " " + s.Title }
	all := func(s questioning.Slot) string {
		return strings.Join([]string{name(s), s.Description, s.Question}, " ")
	}
	if slot := r.only(r.describedBy(l, words, name), said); slot != nil {
		return slot
	}
	if slot := r.only(r.askedFor(l, words), said); slot != nil {
		return slot
	}
	return r.only(r.describedBy(l, words, all), said)
}

// describedBy are the slots whose description has all of the words.
func (r *replying) describedBy(l *text, words []string, described func(questioning.Slot) string) (fitting []*questioning.Slot) {
	for i, slot := range r.slots {
		names := l.contentWords(described(slot), true)
		if len(words) > 0 && !slices.ContainsFunc(words, func(said string) bool {
			return !slices.ContainsFunc(names, func(other string) bool { return sameStem(said, other) })
		}) {
			fitting = append(fitting, &r.slots[i])
		}
	}
	return fitting
}

// askedFor are the slots for what a label asks, where it says no more than that: a time,
// a place, a number of people, a sum of money.
func (r *replying) askedFor(l *text, words []string) (fitting []*questioning.Slot) {
	alone := func(of class) bool {
		return len(words) == 1 && l.isOf(words[0], of)
	}
	whole := func(of class) bool { return l.starts(0, of) && len(l.tokens) == 1 }
	for i, slot := range r.slots {
		own := &text{lang: l.lang, slot: slot}
		var fits bool
		switch {
		case whole("when"):
			fits = slot.Type == questioning.Date || slot.Type == questioning.DateTime
		case whole("where"):
			fits = own.asksWhere() || own.slotIs("site")
		case alone("headcount"):
			fits = own.kind() == kindPersons
		case alone("money"):
			fits = own.kind() == kindMoney
		}
		if fits {
			fitting = append(fitting, &r.slots[i])
		}
	}
	return fitting
}

// only is the one of the slots, or the one that alone can take what is said. Any words do
// for free text, so that it comes last.
func (r *replying) only(fitting []*questioning.Slot, said string) *questioning.Slot {
	if len(fitting) == 1 {
		return fitting[0]
	}
	if said == "" {
		return nil
	}
	free := slices.DeleteFunc(slices.Clone(fitting), func(slot *questioning.Slot) bool { return typed(slot.Type) })
	readable := slices.DeleteFunc(slices.Clone(fitting), func(slot *questioning.Slot) bool {
		return !typed(slot.Type) || Read(*slot, said, r.context).Problem != ""
	})
	switch {
	case len(readable) == 1:
		return readable[0]
	case len(readable) == 0 && len(free) == 1:
		return free[0]
	}
	return nil
}

// longestLabel bounds, in bytes, what stands before the colon of a label.
const longestLabel = 300

// cutLabel parts "Label: words" and "Question? words"; the label is in the form
// of labelName.
func cutLabel(line string) (label, words string, ok bool) {
	at := strings.IndexAny(line, ":?")
	if at < 0 || at > longestLabel {
		return "", line, false
	}
	label, words = line[:at], line[at+1:]
	if strings.HasPrefix(words, "//") || at > 0 && isDigits(label[at-1:]) && words != "" && isDigits(words[:1]) {
		return "", line, false // an address, a time of day
	}
	label = label[len(plainBullet.FindString(label)):]
	if strings.Contains(label, "**") { // "**Label:** words" and "**Label**: words"
		words = strings.TrimPrefix(words, "**")
	}
	label = labelName(label)
	return label, words, label != ""
}

// markedPart are the words for one slot.
type markedPart struct {
	number int // of the open question, 0 when none asks for the slot
	slot   string
	words  string
}

// gather joins the words of each slot and keeps the order of their first ones.
func gather(parts []markedPart) []markedPart {
	var joined []markedPart
	for _, p := range parts {
		if p.words = strings.TrimSpace(p.words); p.words == "" {
			continue
		}
		if at := slices.IndexFunc(joined, func(other markedPart) bool { return other.slot == p.slot }); at >= 0 {
			joined[at].words += "\n" + p.words
			continue
		}
		joined = append(joined, p)
	}
	return joined
}
