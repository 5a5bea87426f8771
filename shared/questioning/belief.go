package questioning

import (
	"math"
	"slices"
)

// How far counts are trusted: what is known of an option is worth so many
// further conversations, so that few of them move it little.
const (
	priorCount  = 1 // of each option, for a slot by itself
	shrinkCount = 2 // towards the slot by itself, for a slot given another's answer
)

// beliefs is how likely the options of each slot are, given answers. Every
// answer speaks through the pairs it was counted in; what they say is pooled in
// logarithms, and since answers that point somewhere repeat each other, m of
// them of equal force count as √m.
type beliefs struct {
	statistics Statistics
	alone      [][]float64 // by slot and option, the probability by itself; nil for other slots

	// Without Statistics.Answers these are nil.
	ids    [][]int     // by slot and option, position in Statistics.Answers or -1
	pooled [][]float64 // by slot and option, sum of the logarithms of what answers change
	force  []float64   // by slot, sum of what each answer says about it, in nats
	square []float64   // by slot, sum of its square
	given  []int       // ids of the answers learnt
}

// newBeliefs are those without any answer.
func newBeliefs(slots []Slot, s Statistics) *beliefs {
	b := &beliefs{statistics: s, alone: make([][]float64, len(slots))}
	for i := range slots {
		if slot := &slots[i]; slot.Type == Boolean || slot.Type == Choice {
			b.alone[i] = smoothed(optionKeys(*slot), s.Slots[slot.Key].Values)
		}
	}
	if len(s.Answers) == 0 {
		return b
	}
	b.ids, b.pooled = make([][]int, len(slots)), make([][]float64, len(slots))
	b.force, b.square = make([]float64, len(slots)), make([]float64, len(slots))
	for i, alone := range b.alone {
		b.pooled[i], b.ids[i] = make([]float64, len(alone)), make([]int, len(alone))
		for k := range b.ids[i] {
			b.ids[i][k] = -1
		}
	}
	ids := s.ids()
	for _, i := range pairSlots(slots) {
		for k, key := range optionKeys(slots[i]) {
			if id, ok := ids[answerKey{slots[i].Key, key}]; ok {
				b.ids[i][k] = id
			}
		}
	}
	return b
}

// smoothed is the distribution of the options that the counts suggest.
func smoothed(options []string, counts map[string]int) []float64 {
	total := 0.0
	for _, o := range options {
		total += float64(counts[o]) + priorCount
	}
	p := make([]float64, len(options))
	for k, o := range options {
		p[k] = (float64(counts[o]) + priorCount) / total
	}
	return p
}

// learn takes in that slot i was answered with an option.
func (b *beliefs) learn(i, option int) {
	id := b.idOf(i, option)
	if id < 0 {
		return
	}
	b.given = append(b.given, id)
	for j := range b.alone {
		if ratios, force := b.said(id, j); j != i && force > 0 {
			for k, r := range ratios {
				b.pooled[j][k] += r
			}
			b.force[j] += force
			b.square[j] += force * force
		}
	}
}

// counted says whether earlier conversations counted slot i in pairs.
func (b *beliefs) counted(i int) bool {
	return b.ids != nil && slices.ContainsFunc(b.ids[i], func(id int) bool { return id >= 0 })
}

// idOf is the position of an option in Statistics.Answers, -1 when it was never counted.
func (b *beliefs) idOf(i, option int) int {
	if i >= len(b.ids) || option < 0 || option >= len(b.ids[i]) {
		return -1
	}
	return b.ids[i][option]
}

// said is what an answer says about slot j: by how much it changes the logarithm
// of each option's probability, and its force, the relative entropy in nats.
func (b *beliefs) said(id, j int) (ratios []float64, force float64) {
	if id < 0 {
		return nil, 0
	}
	total := 0
	for _, other := range b.ids[j] {
		if other >= 0 {
			total += b.statistics.together(id, other)
		}
	}
	if total == 0 {
		return nil, 0
	}
	ratios = make([]float64, len(b.alone[j]))
	for k, other := range b.ids[j] {
		n := 0.0
		if other >= 0 {
			n = float64(b.statistics.together(id, other))
		}
		p := (n + shrinkCount*b.alone[j][k]) / (float64(total) + shrinkCount)
		ratios[k] = math.Log(p / b.alone[j][k])
		force += p * ratios[k]
	}
	return ratios, force
}

// of returns the probabilities of slot j's options given what was learnt; nil
// for a slot without options.
func (b *beliefs) of(j int) []float64 { return b.with(j, nil, 0) }

// with is of, had one more answer said something about slot j.
func (b *beliefs) with(j int, ratios []float64, force float64) []float64 {
	p := make([]float64, len(b.alone[j]))
	var pooled []float64
	sum, square := force, force*force
	if b.pooled != nil {
		pooled = b.pooled[j]
		sum, square = sum+b.force[j], square+b.square[j]
	}
	temper := 0.0
	if sum > 0 {
		temper = math.Sqrt(square) / sum
	}
	total := 0.0
	for k, alone := range b.alone[j] {
		changed := 0.0
		if pooled != nil {
			changed = pooled[k]
		}
		if ratios != nil {
			changed += ratios[k]
		}
		p[k] = alone * math.Exp(temper*changed)
		total += p[k]
	}
	for k := range p {
		p[k] /= total
	}
	return p
}

// likeliest is the most probable option of slot j; -1 for a slot without.
func (b *beliefs) likeliest(j int) (option int, probability float64) {
	option = -1
	for k, p := range b.of(j) {
		if p > probability {
			option, probability = k, p
		}
	}
	return option, probability
}

// entropy in bits.
func entropy(p []float64) float64 {
	h := 0.0
	for _, q := range p {
		if q > 0 {
			h -= q * math.Log2(q)
		}
	}
	return h
}

// beliefs are those of earlier conversations given what is known in this one.
// What was itself predicted is no evidence.
func (st *State) beliefs() *beliefs {
	b := newBeliefs(st.Slots, st.Statistics)
	for i, s := range st.SlotStates {
		if s.Known() && s.Status != StatusContradicted && !s.Predicted() {
			b.learn(i, indexOf(st.Slots[i], s.Value))
		}
	}
	return b
}
