package retrieval

import "unicode/utf8"

// Bounds on short forms: letters of one, and words of a text that are read for them.
const (
	minShortForm   = 2
	maxShortForm   = 5
	shortFormWords = 64
)

// shortForms are what words of a text that follow each other shorten to by
// their initials, once with and once without the stop words between them:
// "department of natural resources" gives dnr, donr and the parts of both.
func shortForms(all []string) []string {
	all = all[:min(len(all), shortFormWords)]
	var forms []string
	seen := map[string]bool{}
	for _, words := range [][]string{all, telling(all)} {
		for i, first := range words {
			if stopWords[first] {
				continue
			}
			form := ""
			for _, word := range words[i:min(len(words), i+maxShortForm)] {
				initial, _ := utf8.DecodeRuneInString(word)
				form += string(initial)
				if !stopWords[word] && utf8.RuneCountInString(form) >= minShortForm && !seen[form] {
					seen[form] = true
					forms = append(forms, form)
				}
			}
		}
	}
	return forms
}

// shortWords are the words of a text that could be short forms.
func shortWords(all []string) []string {
	var short []string
	for _, word := range telling(all[:min(len(all), shortFormWords)]) {
		if n := utf8.RuneCountInString(word); n >= minShortForm && n <= maxShortForm {
			short = append(short, word)
		}
	}
	return short
}
