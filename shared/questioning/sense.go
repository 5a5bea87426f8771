package questioning

import (
	"slices"
	"strings"
)

// subjects are the words by which schemas, in the languages that the server
// speaks, call what the rest is about.
var subjects = strings.Fields(`problem issue incident complaint goal aim objective purpose topic subject theme task request question idea occasion destination
	anliegen ziel zweck thema aufgabe vorfall anlass reiseziel
	problème probleme objectif sujet demande besoin
	problema objetivo tema motivo asunto destino
	obiettivo argomento scopo richiesta destinazione
	assunto pedido
	probleem doel onderwerp vraag bestemming`)

// sense is how much the other slots make sense only once slot i is known: the
// problem before its severity. That is said by what a slot is called and, less
// surely, by being named first. It counts for free text, which no answer foretells:
// asking for it early costs no question, and the rest is read in its light.
// Weights that a caller gives go before it, and what is required before what is not:
// it counts for those candidates only that none outweighs.
func (st *State) sense(i int) int {
	slot := &st.Slots[i]
	switch {
	case slot.Type != Text:
	case slices.ContainsFunc(wordsOf(slot.Key+" "+slot.Title), func(word string) bool { return slices.Contains(subjects, word) }):
		return 2
	case i == 0:
		return 1
	}
	return 0
}

// heaviest is the weight that no candidate outweighs.
func (st *State) heaviest(candidates []int) float64 {
	most := 0.0
	for _, i := range candidates {
		most = max(most, st.weight(i))
	}
	return most
}
