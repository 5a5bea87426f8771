package playbook

import (
	"cmp"
	"slices"
	"strings"
)

// entry is a playbook whose slots are read when they are wanted. Both functions always
// return the same and are safe for concurrent use.
type entry struct {
	head func() Playbook // without slots
	full func() Playbook
	name string
}

// What a word of a cue weighs. A goal needs more than one word, one of them of a
// subject, so context alone never suffices. The weights were set together with
// threshold, on the goals in testdata; doubt keeps a single word from a full score.
const (
	subjectWeight  = 1.0
	contextWeight  = 0.5
	secondaryShare = 0.5 // of a word's weight, where it names a circumstance
	doubt          = 1.0 // the weight of what no cue knows
	leastWords     = 2
	wordsInReason  = 5
)

// A playbook without cues is found by those words of its title, description and
// goals that its texts use so many times as often as those of all others.
const distinctiveRatio = 10

// index finds playbooks by the cues in a goal.
type index struct {
	names   []string
	matcher matcher
}

// ranked is how well a playbook fits a goal.
type ranked struct {
	name    string
	weight  float64
	score   float64  // how clearly it leads, 0 to 1
	words   []string // the cues found, the subject's first and the longest of them
	count   int      // words found; a phrase of a subject counts as two
	subject bool     // a cue of its subject was found

	counted map[int]bool    // words of the goal, by place
	seen    map[string]bool // the cues found: a word said twice counts once
}

// newIndex reads the heads of all playbooks, and no slots. Slots are most of a
// playbook's text, and are not needed to choose one.
func newIndex(entries []entry) index {
	ix := index{matcher: matcher{byFirst: map[string][]cue{}}}
	heads := make([]Playbook, len(entries))
	for i, e := range entries {
		heads[i] = e.head()
	}
	for i, p := range heads {
		ix.names = append(ix.names, p.Name)
		cues := p.Cues
		if cues.Subject == "" {
			cues.Subject = strings.Join(ownWords(heads, i), ",")
		}
		for text := range strings.SplitSeq(cues.Subject, ",") {
			ix.matcher.add(text, i, true)
		}
		for text := range strings.SplitSeq(cues.Context, ",") {
			ix.matcher.add(text, i, false)
		}
	}
	return ix
}

// ownWords are the words that distinguish a playbook from the others. It lets a
// playbook of an operator be found without cues.
func ownWords(all []Playbook, of int) []string {
	used := [2]map[string]int{{}, {}} // how many texts use a word: of others, its own
	var texts [2]int
	for i, p := range all {
		own := 0
		if i == of {
			own = 1
		}
		for _, text := range append([]string{p.Title, p.Description}, p.Goals...) {
			texts[own]++
			seen := map[string]bool{}
			for _, w := range words(text) {
				if w.content && !seen[w.stem] {
					seen[w.stem] = true
					used[own][w.stem]++
				}
			}
		}
	}
	var own []string
	for w, n := range used[1] {
		if n*texts[0] >= distinctiveRatio*used[0][w]*texts[1] {
			own = append(own, w)
		}
	}
	slices.Sort(own)
	return own
}

// search ranks the playbooks that a cue speaks for, the best first. The score
// compares a playbook with its strongest rival and with doubt: w / (w + rival +
// doubt). Subjects count before context and long cues before short ones, since each
// word counts once. Equal weights keep the order of names, so the result never
// varies.
func (ix index) search(goal string) []ranked {
	said := words(goal)
	all := make([]ranked, len(ix.names))
	for i := range all {
		all[i].name, all[i].counted, all[i].seen = ix.names[i], map[int]bool{}, map[string]bool{}
	}
	hits := ix.matcher.find(said)
	slices.SortStableFunc(hits, func(a, b found) int {
		return cmp.Or(cmp.Compare(order(b.subject), order(a.subject)), cmp.Compare(len(b.words), len(a.words)))
	})
	for _, f := range hits {
		all[f.playbook].add(f, said)
	}
	ranking := slices.DeleteFunc(all, func(r ranked) bool { return r.weight == 0 })
	slices.SortStableFunc(ranking, func(a, b ranked) int { return cmp.Compare(b.weight, a.weight) })
	for i := range ranking {
		rival := 0.0 // the best of the others
		if i > 0 {
			rival = ranking[0].weight
		} else if len(ranking) > 1 {
			rival = ranking[1].weight
		}
		ranking[i].score = ranking[i].weight / (ranking[i].weight + rival + doubt)
	}
	return ranking
}

// order sorts subjects before context.
func order(subject bool) int {
	if subject {
		return 1
	}
	return 0
}

// add counts a cue for the playbook: each of its words that carries meaning, once.
func (r *ranked) add(f found, said []word) {
	text := phrase(said[f.at:f.end()])
	for i := f.at; i < f.end(); i++ {
		if r.counted[i] || r.seen[text] {
			return
		}
	}
	r.seen[text] = true
	share := contextWeight
	if f.subject {
		share = subjectWeight
	}
	weight := 0.0
	for i, w := range said[f.at:f.end()] {
		r.counted[f.at+i] = true
		switch {
		case !w.content && !w.name:
		case w.secondary:
			weight += share * secondaryShare
		default:
			weight += share
		}
	}
	if weight == 0 { // such as "add" or "# of"
		weight = share * secondaryShare
	}
	r.weight += weight
	r.count++
	if f.subject && len(f.words) > 1 { // a phrase such as "learn to" is more than a word
		r.count++
	}
	r.subject = r.subject || f.subject
	r.words = append(r.words, text)
}

// enough says whether more than one word speaks for it, one of them of its subject.
func (r *ranked) enough() bool { return r.subject && r.count >= leastWords }

// phrase is what a cue found, as the reason quotes it. It is folded: lower case,
// without accents.
func phrase(said []word) string {
	texts := make([]string, len(said))
	for i, w := range said {
		texts[i] = w.text
	}
	return strings.Join(texts, " ")
}
