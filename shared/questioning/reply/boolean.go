package reply

import (
	"regexp"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

var booleans = phraseTable(map[bool]string{
	true: `yes|y|yep|yeah|yea|yup|ya|aye|sure|sure thing|of course|correct|that's correct|true|that's true|right|
		that's right|definitely|absolutely|certainly|indeed|affirmative|ok|okay|fine|agreed|i agree|positive|
		yes please|please do|by all means|no doubt|without a doubt|for sure|yes sir|yes of course|yes definitely|
		yes absolutely|yes indeed|i do|we do|i am|we are|it is|they do|i have|we have|i will|we will|it does|
		exactly|naturally|obviously|always|very much so|i think so|i believe so|oh yes|yes it is|yes i do`,
	false: `no|n|nope|nah|nay|false|that's false|not true|that's not true|incorrect|that's incorrect|wrong|that's wrong|
		not really|negative|never|no way|not at all|absolutely not|definitely not|certainly not|of course not|
		not yet|no thanks|no thank you|i don't|we don't|i do not|we do not|i'm not|i am not|we aren't|we are not|
		it isn't|it's not|it is not|they don't|i haven't|we haven't|i won't|we won't|it doesn't|no i don't|
		not correct|i disagree|i don't think so|i think not|no sir|not so|oh no|surely not|hell no`,
})

var (
	clauseEnd = regexp.MustCompile(`[,.!;:]|\s-\s|\s+(?:because|but|since|as|although|though|if|when)\s`)
	subject   = regexp.MustCompile(`^(yes|yep|yeah|no|nope|nah) (?:i|we|it|they|he|she|you|there|that|this|please|thanks)\b`)
)

func parseBoolean(slot questioning.Slot, words string) (any, error) {
	yes, ok := boolean(fold(words))
	if !ok {
		return nil, misread(slot, "this could be yes or no")
	}
	return yes, nil
}

// boolean reads folded words that are, or start with, a yes or a no. A start
// that what follows it contradicts ("yes, no") is neither.
func boolean(words string) (yes, ok bool) {
	if yes, ok := booleans[bare(words[:min(len(words), longestPhrase)])]; ok && len(words) <= longestPhrase {
		return yes, true
	}
	if match := subject.FindStringSubmatch(words); match != nil {
		return booleans[match[1]], true
	}
	end := clauseEnd.FindStringIndex(words)
	if end == nil || end[0] > longestPhrase {
		return false, false
	}
	yes, ok = booleans[bare(words[:end[0]])]
	if !ok {
		return false, false
	}
	rest := strings.TrimSpace(words[end[1]:])
	if next := clauseEnd.FindStringIndex(rest); next != nil {
		rest = rest[:next[0]]
	}
	if other, ok := booleans[bare(rest)]; ok && other != yes {
		return false, false
	}
	return yes, true
}
