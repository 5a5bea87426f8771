package reply

import (
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// longestPhrase bounds, in bytes, what can be a set phrase.
const longestPhrase = 80

var outcomes = phraseTable(map[questioning.Outcome]string{
	questioning.Unknown: `i don't know|i do not know|don't know|do not know|i dont know|dont know|i don't know that|
		i don't know this|i don't know this one|i really don't know|i honestly don't know|i have no idea|i've no idea|
		no idea|no clue|i have no clue|haven't a clue|i haven't a clue|not sure|i'm not sure|i am not sure|im not sure|
		unsure|i'm unsure|i am unsure|not certain|i'm not certain|not known|idk|dunno|i dunno|unknown|it's unknown|
		tbd|tba|tbc|to be decided|to be determined|to be defined|to be confirmed|to be announced|undecided|
		i'm undecided|not decided|haven't decided|i haven't decided|we haven't decided|not yet decided|
		not yet known|don't yet know|i don't yet know|we don't know|we do not know|no one knows|nobody knows|
		can't say|i can't say|cannot say|i cannot say|hard to say|i can't remember|can't remember|i don't remember|
		don't remember|i forgot|who knows|beats me|can't tell|i can't tell|i couldn't say`,
	questioning.Declined: `skip|skip it|skip this|skip that|skip this one|skip this question|skip question|i'll skip|
		i'll skip this|i'll skip this one|let's skip|let's skip this|skipped|pass|i pass|i'll pass|i'll pass on this|
		pass on this|pass on that|pass on this one|prefer not to say|i prefer not to say|i'd prefer not to say|
		i would prefer not to say|prefer not to answer|i prefer not to answer|i'd prefer not to answer|
		rather not say|i'd rather not say|i would rather not say|rather not answer|i'd rather not answer|
		i'd rather not|i would rather not|i prefer not to|i'd prefer not to|rather not|prefer not to|no comment|
		none of your business|that's none of your business|not your business|mind your own business|
		that's private|that's personal|that's confidential|
		decline|declined|i decline|i decline to answer|decline to answer|decline to say|decline to state|
		i don't want to answer|i don't want to say|i do not want to answer|i do not want to say|
		don't want to say|don't want to answer|i won't say|i won't answer|i refuse|i refuse to answer|
		no answer|refuse to answer|not telling|i'm not telling|next question`,
	questioning.NotApplicable: `n/a|n.a|na|not applicable|it's not applicable|this is not applicable|inapplicable|
		does not apply|doesn't apply|doesnt apply|not relevant|isn't relevant|isn't applicable|
		it doesn't apply|it does not apply|this doesn't apply|this does not apply|that doesn't apply|
		that does not apply|not applicable here|doesn't concern me|doesn't concern us`,
})

// Words that may surround a set phrase without changing what it says.
var (
	phraseStarts = []string{"sorry", "hmm", "um", "uh", "well", "honestly", "oh", "sadly", "unfortunately"}
	phraseEnds   = []string{" sorry", " please", " thanks", " thank you", " yet", " at the moment", " right now",
		" for now", " at this point", " to be honest", " tbh", " really", " to me", " to us", " to this", " here"}
)

func phraseTable[T comparable](phrases map[T]string) map[string]T {
	table := map[string]T{}
	for meaning, list := range phrases {
		for phrase := range strings.SplitSeq(list, "|") {
			table[strings.TrimSpace(phrase)] = meaning
		}
	}
	return table
}

// outcomeOf reports what words say when they are wholly an outcome phrase.
func outcomeOf(words string) (questioning.Outcome, bool) {
	if len(words) == 0 || len(words) > longestPhrase {
		return "", false
	}
	if strings.Trim(words, "? ") == "" {
		return questioning.Unknown, true
	}
	phrase := bare(words)
	for range 4 {
		if outcome, ok := outcomes[phrase]; ok {
			return outcome, true
		}
		phrase = bare(trimOne(phrase))
	}
	return "", false
}

func trimOne(phrase string) string {
	for _, start := range phraseStarts {
		if rest, ok := strings.CutPrefix(phrase, start); ok && strings.HasPrefix(strings.TrimLeft(rest, ",.!-"), " ") {
			return strings.TrimLeft(rest, ",.!- ")
		}
	}
	for _, end := range phraseEnds {
		if rest, ok := strings.CutSuffix(phrase, end); ok {
			return rest
		}
	}
	return phrase
}

var straight = strings.NewReplacer("’", "'", "‘", "'", "`", "'", "´", "'", "“", `"`, "”", `"`,
	"−", "-", "–", "-", "—", "-", "‑", "-")

// fold lowers s, straightens its quotes and dashes and makes each run of white
// space one space, so that spellings of the same words compare equal.
func fold(s string) string {
	return strings.Join(strings.Fields(straight.Replace(strings.ToLower(s))), " ")
}

// bare is fold without the punctuation around the words.
func bare(s string) string {
	return strings.TrimRight(strings.Trim(fold(s), `"'*_() `), ` .,!?;:…"')*_`)
}
