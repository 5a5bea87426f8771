package questioning

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
)

// wording is the slot's own question: its Question, or a description or title
// that asks. Otherwise it is a label with a question mark, as on a form, which is
// right in every language: "Weight (kg)?". What the description says beyond that
// follows as a separate sentence.
func (s Slot) wording(say *messages.Printer) string {
	switch {
	case s.Question != "":
		return s.Question
	case asks(s.Description):
		return s.Description
	}
	label, hint := s.label(tidied(s.Description, s.Type))
	text := label
	if !asks(label) {
		text = say.Text(messages.AskFor, label)
	}
	if hint != "" {
		text += " " + hint
	}
	return text
}

// asks reports a text that begins or ends with a question.
func asks(text string) bool {
	text = strings.TrimSpace(text)
	first := strings.IndexAny(text, ".!?？")
	return strings.HasSuffix(text, "?") || strings.HasSuffix(text, "？") || first > 0 && strings.HasPrefix(text[first:], "? ")
}

// label names what is asked for in a few words, and returns what else of the
// description helps a person, "" when nothing does.
func (s Slot) label(description string) (label, hint string) {
	title := withoutArticle(s.Title)
	if asks(title) {
		return title, s.extra(description, title)
	}
	if s.Type == Boolean {
		for _, verb := range []string{"Is ", "Are "} {
			title = upperFirst(strings.TrimPrefix(title, verb))
		}
		if question := yesNoQuestion(description); question != "" {
			return question, ""
		}
		if begins(description, whetherWords) {
			return title, "" // it says again that a yes or no is wanted
		}
	}
	if description == "" || almostAsks.MatchString(description) {
		return cmp.Or(description, title), ""
	}
	plainTitle, detail, _ := strings.Cut(title, " (") // "Weight (kg)", "Street (Delivery address)"
	phrase, example := cutExample(description)
	phrase, condition := cutCondition(phrase)
	if isPhrase(phrase) && covers(phrase, plainTitle) {
		label = withoutArticle(phrase)
		if detail != "" && !says(phrase, wordsOf(detail)) {
			label += " (" + detail
		}
		if condition != "" {
			label += " (" + condition + ")"
		}
		return label, sentence(example)
	}
	return title, s.extra(description, title)
}

// extra is what a description says beyond a label, "" when nothing.
func (s Slot) extra(description, label string) string {
	if !s.adds(description, label) {
		return ""
	}
	return sentence(description)
}

// cutExample parts "City and state, e.g. Reno, NV" before the example.
func cutExample(description string) (phrase, example string) {
	at := exampleForm.FindStringIndex(description)
	if at == nil {
		return description, ""
	}
	example = strings.TrimLeft(description[at[0]:], " ,;(")
	return description[:at[0]], strings.TrimRight(example, ") .")
}

// cutCondition parts "Return date, if round trip" before the condition.
func cutCondition(phrase string) (rest, condition string) {
	if parts := conditionForm.FindStringSubmatch(phrase); parts != nil {
		return parts[1], lowerFirst(parts[2])
	}
	return phrase, ""
}

// Words that begin a description and distinguish it from a phrase that names something:
// orders to fill something in, and beginnings of sentences.
var (
	orders = strings.Fields(`enter select choose provide specify please describe give list tell pick indicate write use type set add
		include state explain note make ask leave let check tick mark fill put name
		bitte geben wählen nennen beschreiben veuillez indiquez entrez saisissez choisissez indique ingrese introduzca seleccione
		escriba elija inserisci indicare scegli informe digite selecione vul kies geef voer`)
	starters     = strings.Fields(`we this it if when must should only used leave optional required for in as at because to how what which where who why`)
	whetherWords = strings.Fields(`whether if true flag boolean indicates si ob se of indica indique gibt wenn`)
	verbs        = strings.Fields(`is are was were will must should can may matters helps`)
)

// isPhrase reports a short description that names something, such as "Number of
// guests", and makes no sentence.
func isPhrase(description string) bool {
	const longest = 70 // characters: what a label takes in one line
	if utf8.RuneCountInString(description) > longest || strings.ContainsAny(strings.TrimSuffix(description, "."), ".;:!?") {
		return false
	}
	for _, word := range wordsOf(description) {
		if slices.Contains(verbs, word) {
			return false
		}
	}
	return !begins(description, orders) && !begins(description, starters) && !begins(description, whetherWords)
}

// begins reports a text whose first word is among words.
func begins(text string, words []string) bool {
	all := wordsOf(text)
	return len(all) > 0 && slices.Contains(words, all[0])
}

// covers reports a description that says all that a title does, small words apart
// where it has others: "First and last" does not say "Your name".
func covers(description, title string) bool {
	words := slices.DeleteFunc(wordsOf(title), func(word string) bool { return slices.Contains(small, word) })
	if len(words) == 0 {
		words = wordsOf(owner.ReplaceAllString(withoutArticle(title), ""))
	}
	return says(description, words)
}

// says reports a description that has each of the words in some form, or what
// they are short for.
func says(description string, words []string) bool {
	said := wordsOf(description)
	return !slices.ContainsFunc(words, func(word string) bool {
		return initials(said) != word && !slices.ContainsFunc(said, func(other string) bool { return alike(word, other) || abbreviates(word, other) })
	})
}

// small words add nothing to a label. They are English: in other languages a
// description counts as one that says more.
var small = strings.Fields(`a an the of for in on at to by with from and or your my our their this that these those please enter select choose
	provide specify give value field input data information name number date time day text string person user users customer optional required
	be is are as it its if any list count one either e g`)

// adds reports a description with a word that neither the title nor the options say.
func (s Slot) adds(description, title string) bool {
	said := wordsOf(title)
	for _, o := range s.Options {
		said = append(said, wordsOf(o.Title+" "+Render(o.Value, ""))...)
	}
	return slices.ContainsFunc(wordsOf(description), func(word string) bool {
		return !slices.Contains(small, word) && !slices.ContainsFunc(said, func(other string) bool { return alike(word, other) || abbreviates(other, word) })
	})
}

// wordsOf are the words of a text in lower case.
func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// alike reports two forms of one word: "guest" and "guests".
func alike(a, b string) bool {
	common := 0
	for common < min(len(a), len(b)) && a[common] == b[common] {
		common++
	}
	return a == b || common >= 4 && common >= len(a)-2 && common >= len(b)-3
}

// abbreviates reports a word such as "qty" or "kg" that leaves letters out of another.
func abbreviates(short, long string) bool {
	if len(short) < 2 || len(short) > 4 || len(long) <= len(short) || short[0] != long[0] {
		return false
	}
	at := 0
	for i := 0; i < len(long) && at < len(short); i++ {
		if long[i] == short[at] {
			at++
		}
	}
	return at == len(short) && !strings.HasPrefix(long, short)
}

// initials are the first letters of words: "dob" of date of birth.
func initials(words []string) string {
	var b strings.Builder
	for _, word := range words {
		b.WriteByte(word[0])
	}
	return b.String()
}

// The following is said of the person by callers and to the person by a question.
var (
	whatOneHas  = regexp.MustCompile(`(?i)^(?:(?:the|any|all) )?([^,.;:?!]+?) (?:that )?the (\pL+) has$`) // "allergies the guest has"
	ofTheUser   = regexp.MustCompile(`(?i)^(?:the )?(.+) of the user$`)
	theUsers    = regexp.MustCompile(`(?i)\b(?:the )?user['’]s\b`)
	owner       = regexp.MustCompile(`(?i)^(?:your|my|our|their|user|customer|client) +`)
	article     = regexp.MustCompile(`^(?:The|the|An|an|A|a) +`)
	optionality = regexp.MustCompile(`(?i)^\s*\(?(?:optional|required|mandatory)\)?\s*[:.,-]\s*|\s*[(,]?\s*\b(?:optional|required|mandatory)\)?\.?$`)
	// formats are for programs; a person sees what is expected beside the question.
	formats     = regexp.MustCompile(`(?i)\s*[(,]?\s*\b(?:(?:in|as|using)\s+)?(?:an?\s+|the\s+)?(?:(?:ISO[- ]?8601|ISO date|RFC[- ]?3339|YYYY-MM-DD|HH:MM(?::SS)?|E\.164|BCP[- ]?47)(?:\s+(?:date|datetime|date-time|timestamp|time|format|string|extended))*)\b\)?`)
	exampleForm = regexp.MustCompile(`(?i)[,;]? \(?(?:e\.g\.|for example|such as|like) .+$`)
	// conditionForm is how descriptions say when a value applies.
	conditionForm = regexp.MustCompile(`(?i)^([^,.;:?!]+), ((?:only )?(?:if|when|unless) [^,.;:?!()]+)$`)
	// almostAsks matches a question without its mark that has a question's word order.
	almostAsks = regexp.MustCompile(`(?i)^(?:how (?:many|much)(?: [^\s.,;:]+){1,2}|(?:what|when|where|who) should [^.,;:]+)$`)
	listOf     = regexp.MustCompile(`(?i)^(?:an? |the )?(?:list|array|set|collection) of (?:all )?`)
)

// tidied is a description in one line, as it is said to a person.
func tidied(description string, kind Type) string {
	description = strings.TrimSpace(formats.ReplaceAllString(plain.Line(description), ""))
	description = optionality.ReplaceAllString(description, "")
	if kind == List || kind == Choices {
		description = listOf.ReplaceAllString(description, "")
	}
	if has := whatOneHas.FindStringSubmatch(strings.TrimSuffix(description, ".")); has != nil {
		description = "The " + has[2] + "'s " + lowerFirst(has[1])
	}
	if short := strings.TrimSuffix(description, "."); ofTheUser.MatchString(short) {
		description = "Your " + lowerFirst(ofTheUser.FindStringSubmatch(short)[1])
	}
	first := true
	description = theUsers.ReplaceAllStringFunc(description, func(found string) string {
		defer func() { first = false }()
		if first && strings.HasPrefix(description, found) {
			return "Your"
		}
		return "your"
	})
	return strings.TrimSpace(upperFirst(strings.TrimRight(strings.TrimSpace(description), ".,; ")))
}

// withoutArticle is a label without the article it may begin with in English.
func withoutArticle(text string) string {
	return upperFirst(article.ReplaceAllString(strings.TrimRight(text, ".: "), ""))
}

// sentence ends a description with a point. Only its start is said: the rest is in
// the slot, where models read it.
func sentence(description string) string {
	const longest = 200 // characters
	text := plain.Excerpt(description, longest)
	if end := strings.LastIndex(text, ". "); end > 0 && text != description {
		text = text[:end]
	}
	if last, _ := utf8.DecodeLastRuneInString(text); unicode.IsLetter(last) || unicode.IsDigit(last) || strings.ContainsRune(`)"'”`, last) {
		text += "."
	}
	return upperFirst(text)
}
