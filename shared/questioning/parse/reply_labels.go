package parse

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

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
	for i, line := range strings.Split(text, "\n") {
		var slot *questioning.Slot
		label, words, ok := cutLabel(line)
		if ok && inCode[i] == line {
			slot = r.slotNamed(label, line)
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

// isShort reports a slot that a paragraph is too long for.
func (r *replying) isShort(key string) bool {
	slot := r.slotOf(key)
	return slot != nil && typed(slot.Type)
}

// SlotNamed returns the key of the one slot that a name such as "guests" or
// "numberOfGuests" means, and false where it means none or several.
func SlotNamed(name string, slots []questioning.Slot, c Context) (string, bool) {
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
	if slot := r.slotNamed(label, label+":"); slot != nil {
		return slot.Key, true
	}
	return "", false
}

// camelCase is where a word of a camel-case name begins.
var camelCase = regexp.MustCompile(`([a-z0-9])([A-Z])`)

// slotNamed is the one slot that a label means: by its name, else by words of its
// name, description and question that all the label's words are among.
func (r *replying) slotNamed(label, line string) *questioning.Slot {
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
	return r.meant(label)
}

// These bound, in words, a label that is understood by its meaning: a longer one
// before a colon is a sentence, one before a question mark the person's own question.
const longestMeant, longestAsked = 6, 1

// meant is the one slot that a label speaks of, nil when several or none are: by its
// name alone, else by all that describes it.
func (r *replying) meant(label string) *questioning.Slot {
	l := textOf(questioning.Slot{Type: questioning.Text}, label, r.context)
	asksWhen, asksWhere := l.starts(0, class("when")) && len(l.tokens) == 1, l.starts(0, class("where")) && len(l.tokens) == 1
	words := l.contentWords(label, true)
	words = slices.DeleteFunc(words, l.isGeneric)
	name := func(s questioning.Slot) string { return s.Key + " " + s.Title }
	all := func(s questioning.Slot) string {
		return strings.Join([]string{name(s), s.Description, s.Question}, " ")
	}
	for _, described := range []func(questioning.Slot) string{name, all} {
		if slot := r.only(l, words, asksWhen, asksWhere, described); slot != nil {
			return slot
		}
	}
	return nil
}

// only is the one slot whose description has all of the words, nil when several or
// none have; or the only one about a time or a place, where the label asks for that.
func (r *replying) only(l *text, words []string, asksWhen, asksWhere bool, described func(questioning.Slot) string) *questioning.Slot {
	var only *questioning.Slot
	for i, slot := range r.slots {
		own := &text{lang: l.lang, slot: slot}
		var fits bool
		switch {
		case asksWhen:
			fits = slot.Type == questioning.Date || slot.Type == questioning.DateTime
		case asksWhere:
			fits = own.asksWhere()
		case len(words) > 0:
			names := l.contentWords(described(slot), true)
			fits = !slices.ContainsFunc(words, func(said string) bool {
				return !slices.ContainsFunc(names, func(other string) bool { return sameStem(said, other) })
			})
		}
		if fits && only != nil {
			return nil
		}
		if fits {
			only = &r.slots[i]
		}
	}
	return only
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
