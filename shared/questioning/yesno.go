package questioning

import (
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/lazyregexp"
)

// The ways in which descriptions of yes-or-no values begin. Only English has the
// word order that makes a question of what follows without knowing the language.
var (
	whether = lazyregexp.New(`(?i)^(?:(?:this |the )?(?:boolean |flag )?(?:indicat(?:es|ing)|specif(?:ies|ying)|defin(?:es|ing)|denot(?:es|ing)|flag for|flag)\s+)?` +
		`(?:(?:set to |should be |is )?true,? )?(?:whether or not|whether|if true,?|if|when) (.+)$`)
	firstPerson = lazyregexp.New(`^I ((?:accept|agree|confirm|consent|want|need|have|understand|would like) .+?)\.?$`)
	toDo        = lazyregexp.New(`(?i)^(?:or not )?to (.+)$`)
	ofUser      = lazyregexp.New(`(?i)^(?:the )?(?:user|you) (.+)$`)
	predicate   = lazyregexp.New(`^(.+?) (is|are|was|were|has|have|can|will|should) (.+)$`)
	mustAgree   = lazyregexp.New(`(?i)^(?:the )?(?:user|customer|client|applicant|you) (?:must|has to|have to|needs? to|should) (accept|agree|confirm|consent|acknowledge)\b([^.]*)\.?$`)
	// participle begins what was done: "has been approved" is no "does … have".
	participle  = lazyregexp.New(`(?i)^(?:(?:already|ever|never|previously|recently|not|just|also) )*(?:been|had|done|made|given|taken|seen|gone|got|become|chosen|paid|sent|bought|sold|lost|left|met|\w+ed)\b`)
	subordinate = lazyregexp.New(`(?i)\b(?:that|which|who|where|when|if|and|or|because)\b`)
)

// userVerbs are what "the user wants" becomes when the user is asked.
var userVerbs = map[string]string{"is": "Are you", "are": "Are you", "was": "Were you", "has": "Do you have", "have": "Do you have",
	"can": "Can you", "will": "Will you", "should": "Should you", "wants": "Do you want", "want": "Do you want", "needs": "Do you need",
	"need": "Do you need", "prefers": "Do you prefer", "prefer": "Do you prefer", "agrees": "Do you agree", "agree": "Do you agree",
	"accepts": "Do you accept", "accept": "Do you accept", "likes": "Do you like", "like": "Do you like", "requires": "Do you require",
	"require": "Do you require", "owns": "Do you own", "own": "Do you own", "would": "Would you", "plans": "Do you plan", "smokes": "Do you smoke",
	"consents": "Do you consent", "knows": "Do you know", "lives": "Do you live", "works": "Do you work"}

// longestSubject bounds, in words, the subject of a question that is turned
// around: in a longer one the verb may belong to something else.
const longestSubject = 4

// yesNoQuestion makes a question of a description such as "Whether pets are
// allowed", "" when it cannot be done by rule.
func yesNoQuestion(description string) string {
	match := whether.FindStringSubmatch(description)
	if match == nil {
		if agree := mustAgree.FindStringSubmatch(description); agree != nil {
			return "Do you " + strings.ToLower(agree[1]) + agree[2] + "?"
		}
		if own := firstPerson.FindStringSubmatch(description); own != nil && !strings.Contains(own[1], ". ") {
			return "Do you " + strings.NewReplacer(" my ", " your ", " me ", " you ").Replace(own[1]) + "?"
		}
		return ""
	}
	said := strings.TrimRight(match[1], ". ")
	if strings.Contains(said, ". ") || strings.Contains(said, "; ") {
		return ""
	}
	if action := toDo.FindStringSubmatch(said); action != nil {
		return upperFirst(action[1]) + "?"
	}
	if user := ofUser.FindStringSubmatch(said); user != nil {
		verb, rest, _ := strings.Cut(user[1], " ")
		if (verb == "has" || verb == "have") && participle.MatchString(rest) {
			return "Have you " + rest + "?"
		}
		begin, known := userVerbs[strings.ToLower(verb)]
		if !known {
			return ""
		}
		return strings.TrimRight(begin+" "+rest, " ") + "?"
	}
	turned := predicate.FindStringSubmatch(said)
	if turned == nil || subordinate.MatchString(turned[1]) || len(strings.Fields(turned[1])) > longestSubject {
		return upperFirst(said) + "?"
	}
	subject, verb, rest := lowerFirst(turned[1]), turned[2], turned[3]
	switch {
	case (verb == "has" || verb == "have") && participle.MatchString(rest):
	case verb == "has":
		return "Does " + subject + " have " + rest + "?"
	case verb == "have":
		return "Do " + subject + " have " + rest + "?"
	}
	return upperFirst(verb) + " " + subject + " " + rest + "?"
}
