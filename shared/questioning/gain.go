package questioning

import (
	"fmt"
	"math"
	"strings"
	"unicode"
)

// Statistics counts what earlier conversations answered, by slot key.
type Statistics map[string]Counts

// Counts is how a slot fared before.
type Counts struct {
	Values   map[string]int  // answers by option, as fmt.Sprint prints its value
	Outcomes map[Outcome]int // how often each outcome came
}

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
	maxBits        = 8.0
	requiredFactor = 2.0
	unlockFactor   = 0.5
)

// bits returns the information expected from asking for slot i: the entropy
// of its answer, less what the goal's text already says, times the chance of
// getting an answer.
func (iv *Interview) bits(i int) float64 {
	slot, counts := iv.Slots[i], iv.Statistics[iv.Slots[i].Key]
	var h float64
	switch {
	case slot.Type == Boolean:
		h = entropy([]string{"false", "true"}, counts.Values)
	case slot.Type == Choice:
		h = entropy(optionKeys(slot), counts.Values)
	case slot.Type == Choices:
		h = math.Min(maxBits, float64(len(slot.Options))) // each is in or out
	case (slot.Type == Integer || slot.Type == Number) && slot.Minimum != nil && slot.Maximum != nil:
		h = math.Min(maxBits, math.Log2(math.Max(1, *slot.Maximum-*slot.Minimum)+1))
	default:
		h = priorBits[slot.Type]
	}
	if slot.Type == Text || slot.Type == List {
		h *= 1 - overlap(slot, iv.Goal)/2
	}
	return h * answerable(counts.Outcomes)
}

// entropy of the options' distribution, in bits, with add-one smoothing.
func entropy(options []string, counts map[string]int) float64 {
	total := float64(len(options))
	for _, o := range options {
		total += float64(counts[o])
	}
	var h float64
	for _, o := range options {
		p := (float64(counts[o]) + 1) / total
		h -= p * math.Log2(p)
	}
	return h
}

func optionKeys(slot Slot) []string {
	keys := make([]string, len(slot.Options))
	for i, o := range slot.Options {
		keys[i] = fmt.Sprint(o.Value)
	}
	return keys
}

// answerable is the smoothed share of earlier outcomes that were answers; 1
// when there were none.
func answerable(outcomes map[Outcome]int) float64 {
	total := 0
	for _, n := range outcomes {
		total += n
	}
	return (float64(outcomes[Answered]) + 1) / (float64(total) + 1)
}

// overlap is the share of the slot's own words that the goal's text uses.
func overlap(slot Slot, goal string) float64 {
	said := map[string]bool{}
	for _, w := range contentWords(goal) {
		said[w] = true
	}
	wanted := contentWords(slot.Title + " " + strings.Join(slot.LookFor, " "))
	if len(wanted) == 0 {
		return 0
	}
	n := 0
	for _, w := range wanted {
		if said[w] {
			n++
		}
	}
	return float64(n) / float64(len(wanted))
}

func contentWords(text string) []string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	kept := words[:0]
	for _, w := range words {
		if len([]rune(w)) > 3 {
			kept = append(kept, w)
		}
	}
	return kept
}

// scores returns for every slot the weighted gain less the cost of asking.
// A slot that others hang on is worth a share of the best it may unlock.
func (iv *Interview) scores() []float64 {
	own := make([]float64, len(iv.Slots))
	for i, slot := range iv.Slots {
		weight := slot.Weight
		if weight == 0 {
			weight = 1
		}
		if slot.Required {
			weight *= requiredFactor
		}
		own[i] = weight*iv.bits(i) - costBits[slot.Type]
	}
	all := make([]float64, len(own))
	copy(all, own)
	for i, slot := range iv.Slots {
		if slot.When == nil {
			continue
		}
		if on := iv.Index(slot.When.Slot); on >= 0 {
			unlocked := unlockFactor * iv.likelihood(i) * math.Max(0, own[i])
			all[on] = math.Max(all[on], own[on]+unlocked)
		}
	}
	return all
}

// likelihood is the chance that slot i's condition will hold.
func (iv *Interview) likelihood(i int) float64 {
	when := iv.Slots[i].When
	if when == nil {
		return 1
	}
	on := iv.Index(when.Slot)
	if on < 0 {
		return 0
	}
	switch slot := iv.Slots[on]; slot.Type {
	case Boolean, Choice:
		options := optionKeys(slot)
		if slot.Type == Boolean {
			options = []string{"false", "true"}
		}
		counts := iv.Statistics[slot.Key].Values
		total, held := 0, 0
		for _, o := range options {
			total += counts[o] + 1
		}
		for _, v := range when.In {
			held += counts[fmt.Sprint(v)] + 1
		}
		return math.Min(1, float64(held)/float64(total))
	default:
		return 0.5
	}
}
