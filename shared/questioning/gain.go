package questioning

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bits that an answer of a type gives when nothing else is known: a prior, for
// ranking, not a measurement. Bounded numbers and options are computed.
var priorBits = map[Type]float64{
	Text: 7, List: 7, Integer: 5, Number: 5, Date: 6, Time: 5, DateTime: 7, Email: 6, URI: 6,
}

// Bits that answering costs the person, by the effort the type takes.
var costBits = map[Type]float64{
	Boolean: 0.2, Choice: 0.3, Choices: 0.5, Integer: 0.4, Number: 0.4, Date: 0.4, Time: 0.4,
	DateTime: 0.5, Email: 0.4, URI: 0.5, Text: 1, List: 1.5,
}

const (
	maxBits = 8.0
	// A required slot outweighs an optional one whatever their weights, which are
	// at most 10.
	requiredFactor = 10.0
	// The share of the cost that counts when questions are ordered, and the shares
	// of its weight that a slot may lose because little is left to learn of it.
	costShare, leastWait, mostWait = 0.02, 0.1, 0.7
)

// score is what asking for a slot is worth.
type score struct {
	// bits is the expected gain, weighted, less the cost: what is compared with
	// Limits.MinBits.
	bits float64
	// order is the weight that asking is expected to settle, less a trace of the
	// cost: what questions are ordered by.
	order float64
	// sense is State.sense. It is set for a whole slot, and not added up.
	sense int
}

// plus adds another score so many times.
func (a score) plus(b score, times float64) score {
	return score{bits: a.bits + times*b.bits, order: a.order + times*b.order}
}

// settling is the share of a slot's weight that learning so many bits settles.
// The first bits count most: a slot is either known or not.
func settling(bits float64) float64 { return 1 - math.Exp2(-4*bits) }

// bits returns the information expected from asking for slot i: the entropy
// of its answer given what is known here, less what the goal's text already
// says, times the chance of getting an answer.
func (st *State) bits(i int, b *beliefs) float64 { return st.unsaidBits(i, st.saidBefore(i), b) }

// unsaidBits is bits where it is known what share of the answer the goal says.
func (st *State) unsaidBits(i int, said float64, b *beliefs) float64 {
	slot := &st.Slots[i]
	var h float64
	switch {
	case slot.Type == Boolean || slot.Type == Choice:
		h = entropy(b.of(i))
	case slot.Type == Choices:
		for _, p := range st.chosen(i) {
			h += entropy([]float64{p, 1 - p})
		}
		h = math.Min(maxBits, h)
	case (slot.Type == Integer || slot.Type == Number) && slot.Minimum != nil && slot.Maximum != nil:
		h = math.Min(maxBits, math.Log2(math.Max(1, *slot.Maximum-*slot.Minimum)+1))
	default:
		h = priorBits[slot.Type]
	}
	return h * (1 - said) * answerable(st.Statistics.Slots[slot.Key].Outcomes)
}

// saidBefore is the share of a free text that the goal is taken to say already:
// at most half, since it only shares words with what is asked for.
func (st *State) saidBefore(i int) float64 {
	if slot := &st.Slots[i]; slot.Type == Text || slot.Type == List {
		return overlap(slot, st.Goal) / 2
	}
	return 0
}

// chosen returns how likely each of a Choices slot's options is to be among
// those chosen.
func (st *State) chosen(i int) []float64 {
	counts := st.Statistics.Slots[st.Slots[i].Key]
	keys := optionKeys(st.Slots[i])
	p := make([]float64, len(keys))
	for k, key := range keys {
		p[k] = (float64(counts.Values[key]) + priorCount) / (float64(counts.Outcomes[StatusAnswered]) + 2*priorCount)
		p[k] = math.Min(p[k], 1)
	}
	return p
}

// answerable is the smoothed share of earlier outcomes that were answers; 1
// when there were none.
func answerable(outcomes map[Status]int) float64 {
	total := 0
	for _, n := range outcomes {
		total += n
	}
	return (float64(outcomes[StatusAnswered]) + 1) / (float64(total) + 1)
}

// overlap is the share of the slot's own words that the goal's text uses.
func overlap(slot *Slot, goal string) float64 {
	said := contentWords(goal)
	wanted := contentWords(slot.Title + " " + strings.Join(slot.LookFor, " "))
	if len(wanted) == 0 {
		return 0
	}
	n := 0
	for _, w := range wanted {
		if slices.Contains(said, w) {
			n++
		}
	}
	return float64(n) / float64(len(wanted))
}

// contentWords are the words of more than three letters, in lower case.
func contentWords(text string) []string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	kept := words[:0]
	for _, w := range words {
		if utf8.RuneCountInString(w) > 3 {
			kept = append(kept, w)
		}
	}
	return kept
}

// scores returns what asking for each slot is worth: what it says about itself and,
// from earlier conversations, about others. A slot that others depend on is worth
// what it and they are worth for each question, if that is more.
func (st *State) scores(b *beliefs) []score {
	own := make([]score, len(st.Slots))
	for i := range st.Slots {
		own[i] = st.own(i, b)
	}
	all := slices.Clone(own)
	for range st.Slots { // a chain of conditions is never longer
		before := slices.Clone(all)
		for i := range all {
			all[i] = st.unlocking(i, own[i], before, b)
		}
		if slices.Equal(all, before) {
			break
		}
	}
	for i := range all {
		all[i].sense = st.sense(i)
	}
	return all
}

// own is a slot's score without those that depend on it.
func (st *State) own(i int, b *beliefs) score {
	said := st.saidBefore(i)
	bits := st.unsaidBits(i, said, b)
	// The less there is to learn, the longer it can wait: most where the answer
	// may yet turn out sure enough to be assumed, little where it may not.
	wait := max(leastWait, mostWait*st.predictable(i, b))
	foregone := wait * max(1-settling(bits), said)
	all := score{}.plus(score{bits: bits, order: 1 - foregone}, st.weight(i))
	if b.counted(i) {
		got := answerable(st.Statistics.Slots[st.Slots[i].Key].Outcomes)
		for j := range st.Slots {
			all = all.plus(st.reveals(i, j, b), got*st.weight(j)*st.likelihood(j, b))
		}
	}
	return all.plus(score{bits: 1, order: costShare}, -st.cost(i))
}

// cost is what answering costs the person, in bits: by the type, and for text
// by the length of earlier answers.
func (st *State) cost(i int) float64 {
	slot := &st.Slots[i]
	counts := st.Statistics.Slots[slot.Key]
	cost := costBits[slot.Type]
	if n := counts.Outcomes[StatusAnswered]; n > 0 && (slot.Type == Text || slot.Type == List) {
		cost *= min(2, max(0.5, float64(counts.Characters)/float64(n)/usualLength))
	}
	return cost
}

// unlocking is a slot's score together with those that may come to apply by its
// answer, the best of them first, as long as each raises the mean.
func (st *State) unlocking(i int, own score, all []score, b *beliefs) score {
	var waiting []int
	for j := range st.Slots {
		if when := st.Slots[j].When; when != nil && when.Slot == st.Slots[i].Key && st.applies(j) == later {
			waiting = append(waiting, j)
		}
	}
	slices.SortStableFunc(waiting, func(a, b int) int { return cmp.Compare(all[b].order, all[a].order) })
	sum, questions := own, 1.0
	for _, j := range waiting {
		likelihood := st.likelihood(j, b)
		if all[j].order*questions <= sum.order {
			break
		}
		sum, questions = sum.plus(all[j], likelihood), questions+likelihood
	}
	return score{bits: math.Max(own.bits, sum.bits/questions), order: sum.order / questions}
}

// weight is a slot's weight among the others.
func (st *State) weight(i int) float64 {
	weight := cmp.Or(st.Slots[i].Weight, 1)
	if st.Slots[i].Required {
		weight *= requiredFactor
	}
	return weight
}

// reveals is what an answer for slot i is expected to say about slot j, if that is
// still to be asked for: the mutual information. In the order it counts as far
// as it may save a question.
func (st *State) reveals(i, j int, b *beliefs) score {
	if j == i || !b.counted(i) || !b.counted(j) || st.settled(j) || st.applies(j) == never {
		return score{}
	}
	before := entropy(b.of(j))
	gain := score{bits: before, order: settling(before)}
	for k, p := range b.of(i) {
		after := before
		if ratios, force := b.said(b.ids[i][k], j); force > 0 {
			after = entropy(b.with(j, ratios, force))
		}
		gain = gain.plus(score{bits: after, order: settling(after)}, -p)
	}
	return score{bits: math.Max(0, gain.bits), order: math.Max(0, gain.order) * st.predictable(j, b)}
}

// predictable is the chance that slot j's answer is one of those that earlier
// conversations predict reliably enough for it to be assumed.
func (st *State) predictable(j int, b *beliefs) float64 {
	if st.Limits.Confidence <= 0 || !b.counted(j) {
		return 0
	}
	sum, p := 0.0, b.of(j)
	for k, id := range b.ids[j] {
		if id >= 0 && st.Statistics.Answers[id].reliability() >= st.Limits.Confidence {
			sum += p[k]
		}
	}
	return sum
}

// likelihood is the chance that slot i's condition holds or will hold.
func (st *State) likelihood(i int, b *beliefs) float64 {
	switch st.applies(i) {
	case now:
		return 1
	case never:
		return 0
	}
	when := st.Slots[i].When
	on := st.Index(when.Slot)
	slot := st.Slots[on]
	held := make([]bool, len(optionKeys(slot)))
	for _, v := range when.In {
		if k := indexOf(slot, v); k >= 0 {
			held[k] = true
		}
	}
	switch slot.Type {
	case Boolean, Choice:
		p := 0.0
		for k, q := range b.of(on) {
			if held[k] {
				p += q
			}
		}
		return p
	case Choices:
		none := 1.0
		for k, q := range st.chosen(on) {
			if held[k] {
				none *= 1 - q
			}
		}
		return 1 - none
	default:
		return 0.5
	}
}
