package questioning

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sequential-questioning/sequential-questioning/shared/lazyregexp"
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
	last, _ := utf8.DecodeLastRuneInString(text)
	return strings.ContainsRune(questionMarks, last) || first > 0 && strings.HasPrefix(text[first:], "? ")
}

// questionMarks are those of Latin, Chinese, Arabic, Greek and Armenian script.
const questionMarks = "?？؟\u037e՞"

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
		if begins(description, actions) && !strings.ContainsAny(description, ".;:") {
			return description, "" // "Include tax in the price"
		}
	} else if begins(description, []string{"whether"}) && strings.Contains(description, " or ") {
		if question := yesNoQuestion(description); question != "" { // "Whether it is business or leisure"
			return question, ""
		}
	}
	if question := unmarked(description, s.Type); description == "" || question != "" {
		return cmp.Or(question, title), ""
	}
	plainTitle, detail, _ := strings.Cut(title, " (") // "Weight (kg)", "Street (Delivery address)"
	phrase, example := cutExample(description)
	phrase, condition := cutCondition(phrase)
	if (isPhrase(phrase) || continues(phrase, plainTitle)) && covers(phrase, plainTitle) {
		label = withoutArticle(phrase)
		if detail != "" && !says(phrase, wordsOf(detail)) {
			label += " (" + detail
		}
		if condition != "" {
			label += " (" + condition + ")"
		}
		return label, sentence(example)
	}
	if first, rest, more := strings.Cut(description, ". "); more && isPhrase(first) && covers(first, plainTitle) && detail == "" {
		return withoutArticle(first), sentence(rest)
	}
	return title, s.extra(description, title)
}

// extra is what a description says beyond a label, "" when nothing.
func (s Slot) extra(description, label string) string {
	if !s.adds(description, label) {
		return ""
	}
	if rest := withoutLabel(description, label); rest != "" {
		description = rest
	}
	return sentence(description)
}

// withoutLabel is what follows a label with which a description begins: "starts with #"
// of "Order number, starts with #"; "" where it does not begin with it, or goes on in the
// same breath.
func withoutLabel(description, label string) string {
	if len(description) <= len(label) || !strings.EqualFold(description[:len(label)], label) {
		return ""
	}
	rest := description[len(label):]
	switch {
	case strings.HasPrefix(rest, " (") && strings.Index(rest, ")") == len(rest)-1:
		return strings.Trim(rest, " ()")
	case strings.ContainsRune(",:;.", rune(rest[0])), strings.HasPrefix(rest, " – "), strings.HasPrefix(rest, " - "):
		return strings.TrimLeft(rest, ",:;.–- ")
	case rest[0] == ' ' && begins(rest, []string{"from", "between", "in", "as", "with"}):
		return strings.TrimSpace(rest)
	}
	return ""
}

// continues reports a description that is its title with a clause about it: "Symptoms
// the patient is experiencing".
func continues(description, title string) bool {
	const longest = 70 // characters
	if len(description) <= len(title) || !strings.EqualFold(description[:len(title)], title) || utf8.RuneCountInString(description) > longest || strings.ContainsAny(description, ".;:!?") {
		return false
	}
	return description[len(title)] == ' ' && begins(description[len(title):], strings.Fields("the you your we that who which they it or and"))
}

// unmarked is a question that a description asks without its mark, or in the order of
// words of a part of a sentence; "" for another description.
func unmarked(description string, kind Type) string {
	if strings.ContainsAny(strings.TrimRight(description, "."), ".;:") {
		return ""
	}
	words := wordsOf(description)
	switch match := indirect.FindStringSubmatch(description); {
	case match != nil: // "How bad it is"
		return "How " + match[1] + " " + match[3] + " " + lowerFirst(match[2])
	case almostAsks.MatchString(description):
		return description
	case kind == Boolean && direct.MatchString(description):
		return description
	case interrogative.MatchString(description) && !(words[0] == "which" && slices.Contains(auxiliaries, words[1])) && !slices.Contains(noNouns, words[1]):
		return description
	}
	return ""
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
	// actions begin the description of what is or is not to be done.
	actions = strings.Fields(`include add send receive get keep allow enable show hide notify share join save create split use`)
	// nounAfter follow an order's word where it is a noun: "Make and model", "Name of the company".
	nounAfter    = strings.Fields(`of and or`)
	starters     = strings.Fields(`we this it if when must should only used leave optional required for in as at because to how what which where who why`)
	whetherWords = strings.Fields(`whether if true flag boolean indicates si ob se of indica indique gibt wenn`)
	verbs        = strings.Fields(`is are was were will must should can may matters helps starts begins contains`)
)

// isPhrase reports a short description that names something, such as "Number of
// guests", and makes no sentence.
func isPhrase(description string) bool {
	const longest = 70 // characters: what a label takes in one line
	if utf8.RuneCountInString(description) > longest || strings.ContainsAny(strings.TrimSuffix(description, "."), ".;!?") || strings.Count(description, ":") > 1 {
		return false
	}
	words := wordsOf(description)
	for i, word := range words {
		if slices.Contains(verbs, word) && !(i > 0 && slices.Contains([]string{"you", "we", "they"}, words[i-1])) { // "type you are looking for"
			return false
		}
	}
	isNoun := len(words) > 1 && slices.Contains(nounAfter, words[1])
	return (isNoun || !begins(description, orders)) && !begins(description, starters) && !begins(description, whetherWords)
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
	a, b = unaccented.Replace(a), unaccented.Replace(b)
	common := 0
	for common < min(len(a), len(b)) && a[common] == b[common] {
		common++
	}
	return a == b || common >= 4 && common >= len(a)-2 && common >= len(b)-3
}

// unaccented writes lower-case letters without accents: keys have none.
var unaccented = strings.NewReplacer("á", "a", "à", "a", "â", "a", "ä", "a", "ã", "a", "å", "a", "ç", "c", "é", "e", "è", "e", "ê", "e", "ë", "e", "í", "i", "ì", "i", "î", "i",
	"ï", "i", "ñ", "n", "ó", "o", "ò", "o", "ô", "o", "ö", "o", "õ", "o", "ú", "u", "ù", "u", "û", "u", "ü", "u", "ß", "ss",
	"ae", "a", "oe", "o", "ue", "u") // as programs write ä, ö and ü

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
	whatOneHas  = lazyregexp.New(`(?i)^(?:(?:the|any|all) )?([^,.;:?!]+?) (?:that )?the (\pL+) has$`) // "allergies the guest has"
	ofTheUser   = lazyregexp.New(`(?i)^(?:the )?(.+?) of the user((?: (?:in|at|on|with) .+)?)$`)
	theUsers    = lazyregexp.New(`(?i)\b(?:the )?user['’]s\b`)
	owner       = lazyregexp.New(`(?i)^(?:your|my|our|their|user|customer|client) +`)
	article     = lazyregexp.New(`^(?:The|the|An|an|A|a) +`)
	optionality = lazyregexp.New(`(?i)^\s*\(?(?:optional|required|mandatory)\)?\s*[:.,-]\s*|\s*[(,]?\s*\b(?:optional|required|mandatory)\)?\.?$`)
	// formats are for programs; a person sees what is expected beside the question.
	formats     = lazyregexp.New(`(?i)\s*[(,]?\s*\b(?:(?:in|as|using)\s+)?(?:an?\s+|the\s+)?(?:(?:ISO[- ]?8601|ISO date|RFC[- ]?3339|YYYY-MM-DD|HH:MM(?::SS)?|E\.164|BCP[- ]?47|(?:24|12)[- ]?hour format)(?:\s+(?:date|datetime|date-time|timestamp|time|format|string|extended))*)\b\)?`)
	exampleForm = lazyregexp.New(`(?i)[,;]? \(?(?:e\.g\.|for example|such as|like) .+$`)
	// conditionForm is how descriptions say when a value applies.
	conditionForm = lazyregexp.New(`(?i)^([^,.;:?!]+), ((?:only )?(?:if|when|unless) [^,.;:?!()]+)$`)
	// almostAsks matches a question without its mark that has a question's word order.
	auxiliaries   = strings.Fields(`is are was were do does did will would can could should has have had shall may must`)
	noNouns       = strings.Fields(`it they he she you we i this that these those there the a an to`)
	interrogative = lazyregexp.New(`(?i)^(?:how (?:many|much) \w+|(?:what|when|where|who|why|how|which))(?: \w+)? (?:is|are|was|were|do|does|did|will|would|can|could|should|has|have|had|shall|may|must)\b.`)
	direct        = lazyregexp.New(`(?i)^(?:is|are|was|were|do|does|did|will|would|can|could|should|has|have|had|may) (?:the|an?|this|that|these|those|your|you|it|there|any|we|they|he|she|my|our|all|each|every|anyone|anybody|someone|everyone|everybody|most)\b.`)
	indirect      = lazyregexp.New(`(?i)^how (\w+) ((?:the|an?|your|our|their|this|that|these|those|it|they|you|we)(?: [^\s.,]+){0,4}?) (is|are|was|were)\.?$`)
	almostAsks    = lazyregexp.New(`(?i)^(?:how (?:many|much)(?: [^\s.,;:]+){1,2}|(?:what|when|where|who) should [^.,;:]+|what (?:\w+ly )?(?:happened|happens|went wrong|goes wrong|changed|broke|failed)\b[^.,;:]*)$`)
	listOf        = lazyregexp.New(`(?i)^(?:an? |the )?(?:list|array|set|collection) of (?:all )?`)
)

// tidied is a description in one line, as it is said to a person.
func tidied(description string, kind Type) string {
	description = bracketed.ReplaceAllStringFunc(plain.Line(description), withoutFormat)
	description = strings.TrimSpace(formats.ReplaceAllString(description, ""))
	description = leftOut.ReplaceAllString(description, "")
	description = optionalNoun.ReplaceAllString(optionality.ReplaceAllString(description, ""), "$1")
	if kind == List || kind == Choices {
		description = listOf.ReplaceAllString(description, "")
	}
	if has := whatOneHas.FindStringSubmatch(strings.TrimSuffix(description, ".")); has != nil {
		description = "The " + has[2] + "'s " + lowerFirst(has[1])
	}
	if short := strings.TrimSuffix(description, "."); ofTheUser.MatchString(short) {
		match := ofTheUser.FindStringSubmatch(short)
		description = "Your " + lowerFirst(match[1]) + match[2]
	}
	first := true
	description = theUsers.ReplaceAllStringFunc(description, func(found string) string {
		defer func() { first = false }()
		if first && strings.HasPrefix(description, found) {
			return "Your"
		}
		return "your"
	})
	description = toUser.ReplaceAllStringFunc(description, addressed)
	return strings.TrimSpace(upperFirst(strings.TrimRight(strings.TrimSpace(description), ".,; ")))
}

var (
	bracketed = lazyregexp.New(`\s*\([^()]*\)`)
	clock     = lazyregexp.New(`(?i)^(?:24|12)[- ]?h(?:ours?)?(?: clock| format)?$`)
	// leftOut is for programs, which have to send something.
	leftOut      = lazyregexp.New(`(?i)\s*[(,;]?\s*\b(?:leave (?:it )?(?:blank|empty|null)|omit|null)\s+(?:if|when)\b[^().;]*\)?`)
	optionalNoun = lazyregexp.New(`^[Oo]ptional (\pL)`)
)

// withoutFormat is a remark in brackets without the format that a program wants.
func withoutFormat(remark string) string {
	inner := strings.Trim(remark, " ()")
	rest := strings.Trim(formats.ReplaceAllString(inner, ""), " ,;/")
	switch {
	case rest == inner:
		return remark
	case rest == "" || clock.MatchString(rest):
		return ""
	}
	return " (" + rest + ")"
}

// toUser matches what a caller says of the user, whom the question is put to.
var toUser = lazyregexp.New(`(?i)\b(?:(is|are|was|does|has|do|have|can|will|would|could|should|did|may|why|when|where|what|how \w+) )?the user(?: (\w+))?\b`)

// addressed says it to the user: "the user wants" is "you want", and "does the user" is
// "do you". What the user does in words that are not known stays.
func addressed(said string) string {
	match := toUser.FindStringSubmatch(said)
	before, after := match[1], match[2]
	if first := strings.ToLower(strings.Fields(before + " -")[0]); slices.Contains([]string{"why", "when", "where", "what", "how"}, first) {
		you, known := toYou[strings.ToLower(after)]
		if !known { // in such a clause it is a verb
			you = secondPerson(after)
		}
		return before + " you " + you
	}
	if before != "" { // a question
		if you := map[string]string{"is": "are", "was": "were", "does": "do", "has": "have"}[strings.ToLower(before)]; you != "" {
			if before != strings.ToLower(before) {
				you = upperFirst(you)
			}
			before = you
		}
		return strings.TrimSpace(before + " you " + after)
	}
	you, known := toYou[strings.ToLower(after)]
	if !known {
		return said
	}
	if said[0] == 'T' {
		return "You " + you
	}
	return "you " + you
}

// secondPerson is a verb of the third person in the second: "exercises" is "exercise".
func secondPerson(verb string) string {
	switch {
	case strings.HasSuffix(verb, "ies"):
		return strings.TrimSuffix(verb, "ies") + "y"
	case strings.HasSuffix(verb, "sses"), strings.HasSuffix(verb, "ches"), strings.HasSuffix(verb, "shes"), strings.HasSuffix(verb, "xes"):
		return strings.TrimSuffix(verb, "es")
	case strings.HasSuffix(verb, "s") && !strings.HasSuffix(verb, "ss"):
		return strings.TrimSuffix(verb, "s")
	}
	return verb
}

// toYou are verbs of the third person, and those that are the same in the second.
var toYou = map[string]string{"is": "are", "was": "were", "has": "have", "does": "do", "goes": "go", "wants": "want", "needs": "need", "prefers": "prefer", "wishes": "wish",
	"likes": "like", "lives": "live", "works": "work", "plans": "plan", "expects": "expect", "owns": "own", "uses": "use", "accepts": "accept", "agrees": "agree", "requires": "require",
	"travels": "travel", "intends": "intend", "would": "would", "can": "can", "will": "will", "should": "should", "may": "may", "must": "must", "could": "could", "did": "did",
	"expected": "expected", "wanted": "wanted", "tried": "tried", "selected": "selected", "provided": "provided", "saw": "saw", "mentioned": "mentioned"}

// withoutArticle is a label without the article it may begin with in English.
func withoutArticle(text string) string {
	text = strings.TrimRight(text, ".: ")
	rest := article.ReplaceAllString(text, "")
	if first, _ := utf8.DecodeRuneInString(rest); !unicode.IsLetter(first) { // "A (Nested)"
		return upperFirst(text)
	}
	return upperFirst(rest)
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
