package playbook

import (
	"maps"
	"slices"
)

// written is the language, by ISO 639-1 code, that every text is in. It serves
// where another is missing.
const written = "en"

// texts are the members of a slot, and of an option, that may be given by language.
// In the file each is a text, or an object of texts by language: {en: …, de: …}.
var texts = []string{"title", "description", "question", "look_for", "options"}

// languagesOf returns the languages, besides English, that any text of the slots
// is given in.
func languagesOf(slots []map[string]any) []string {
	found := map[string]bool{}
	for _, slot := range slots {
		for _, name := range texts {
			collect(slot[name], found)
		}
	}
	delete(found, written)
	return slices.Sorted(maps.Keys(found))
}

// collect adds the languages in which a text is given, in lists and options too.
func collect(value any, found map[string]bool) {
	switch v := value.(type) {
	case []any:
		for _, one := range v {
			collect(one, found)
		}
	case map[string]any:
		if _, option := v["value"]; option {
			collect(v["title"], found)
			return
		}
		for language := range v {
			found[language] = true
		}
	}
}

// inLanguage returns the slots with every text in one language, or in English where
// it is not given in that. Clones are shallow; what is not a text is shared and not
// changed.
func inLanguage(all []map[string]any, language string) []map[string]any {
	plain := make([]map[string]any, len(all))
	for i, slot := range all {
		plain[i] = maps.Clone(slot)
		for _, name := range texts {
			if value, given := slot[name]; given {
				plain[i][name] = pick(value, language)
			}
		}
	}
	return plain
}

// pick takes one language of a text, in lists and options too. An object with
// "value" is an option, any other one has languages; no language is called "value".
func pick(value any, language string) any {
	switch v := value.(type) {
	case []any:
		picked := make([]any, len(v))
		for i, one := range v {
			picked[i] = pick(one, language)
		}
		return picked
	case map[string]any:
		if _, option := v["value"]; option {
			option := maps.Clone(v)
			if title, given := v["title"]; given {
				option["title"] = pick(title, language)
			}
			return option
		}
		if text, given := v[language]; given {
			return text
		}
		return v[written]
	}
	return value
}
