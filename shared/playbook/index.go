package playbook

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kljensen/snowball/english"
)

// Settings of the index, chosen on testdata/goals_for_tuning.yaml and by leaving
// out each example goal in turn.
const (
	byChance    = 1  // of the texts that use a word, so many do by chance
	rareWord    = 3  // texts that a word has to be in before its share is believed
	fewTexts    = 5  // texts that a playbook has to have before their share is
	usualWords  = 12 // a goal with more words says the same more often
	readOfGoal  = 16 << 10
	wordsToTell = 5
)

// index finds playbooks by the words of a goal: naive Bayes over the words that
// the playbooks' titles, descriptions and example goals use. It knows no other
// language than English.
type index struct {
	names []string
	texts []float64            // of each playbook
	using map[string][]float64 // by stem, how many texts of each playbook use it
	all   float64              // texts
}

// ranked is how well a playbook fits a goal.
type ranked struct {
	name  string
	score float64  // the probability that it is this one of them all
	words []string // of the goal that speak for it, the strongest first
}

func newIndex(entries []entry) index {
	ix := index{using: map[string][]float64{}, texts: make([]float64, len(entries))}
	for i, e := range entries {
		p := e.head()
		ix.names = append(ix.names, p.Name)
		for _, text := range append([]string{p.Title, p.Description}, p.Goals...) {
			ix.texts[i]++
			ix.all++
			for _, w := range words(text) {
				if ix.using[w.stem] == nil {
					ix.using[w.stem] = make([]float64, len(entries))
				}
				ix.using[w.stem][i]++
			}
		}
	}
	return ix
}

// search ranks the playbooks, the best first; nil when they know no word of
// the goal.
func (ix index) search(goal string) []ranked {
	said := words(goal[:min(len(goal), readOfGoal)])
	evidence := make([][]spoken, len(ix.names))
	known := false
	for _, w := range said {
		using, ok := ix.using[w.stem]
		if !ok {
			continue
		}
		known = true
		for i, nats := range ix.weigh(using) {
			evidence[i] = append(evidence[i], spoken{w.text, nats, using[i] > 0})
		}
	}
	if !known {
		return nil
	}
	return ix.rank(evidence, min(1, usualWords/float64(len(said))))
}

// spoken is what one word says about a playbook.
type spoken struct {
	word string
	nats float64 // for it, or against it
	own  bool    // the playbook uses it
}

// weigh returns how much more often each playbook's texts use a word than all
// texts do, as a logarithm; a word that few texts use says less.
func (ix index) weigh(using []float64) []float64 {
	total := 0.0
	for _, n := range using {
		total += n
	}
	share := (total + rareWord) / (ix.all + rareWord)
	trust := total / (total + byChance)
	nats := make([]float64, len(using))
	for i, n := range using {
		nats[i] = trust * math.Log((n+fewTexts*share)/(ix.texts[i]+fewTexts)/share)
	}
	return nats
}

func (ix index) rank(evidence [][]spoken, damping float64) []ranked {
	found := make([]ranked, len(ix.names))
	best := math.Inf(-1)
	for i := range found {
		found[i].name = ix.names[i]
		for _, s := range evidence[i] {
			found[i].score += damping * s.nats
		}
		found[i].words = strongest(evidence[i])
		best = max(best, found[i].score)
	}
	total := 0.0
	for i := range found {
		found[i].score = math.Exp(found[i].score - best)
		total += found[i].score
	}
	for i := range found {
		found[i].score /= total
	}
	slices.SortStableFunc(found, func(a, b ranked) int { return cmp.Compare(b.score, a.score) })
	return found
}

func strongest(evidence []spoken) []string {
	own := slices.DeleteFunc(slices.Clone(evidence), func(s spoken) bool { return !s.own || s.nats <= 0 })
	slices.SortStableFunc(own, func(a, b spoken) int { return cmp.Compare(b.nats, a.nats) })
	var words []string
	for _, s := range own[:min(len(own), wordsToTell)] {
		words = append(words, s.word)
	}
	return words
}

// requestWords say that something is wanted, not what.
var requestWords = map[string]bool{
	"find": true, "get": true, "give": true, "help": true, "like": true,
	"make": true, "need": true, "new": true, "please": true, "want": true,
}

type word struct{ text, stem string }

// words are those of a text that carry meaning, each once, in order.
func words(text string) []word {
	var all []word
	seen := map[string]bool{}
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if utf8.RuneCountInString(w) < 2 || english.IsStopWord(w) || requestWords[w] {
			continue
		}
		if stem := english.Stem(w, false); !seen[stem] {
			seen[stem] = true
			all = append(all, word{w, stem})
		}
	}
	return all
}
