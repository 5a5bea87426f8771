package conversation

import (
	"strings"

	"golang.org/x/text/language"

	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

// languageOf is what a new conversation is held in, as a BCP 47 tag: what the
// call says, or what the person's own words are in; empty where neither tells.
func languageOf(in AskInput) string {
	if in.Language != "" {
		return in.Language
	}
	return parse.Language(strings.Join(openingTexts(in.Context, in.PreviousMessages), "\n"))
}

// reading is what a conversation's words are read with.
func (s *Service) reading(iv *questioning.State) parse.Context {
	return parse.Context{Now: s.now(), Language: iv.Language}
}

func checkLanguage(tag string) error {
	if tag == "" {
		return nil
	}
	if _, err := language.Parse(tag); err != nil {
		return fault.Invalidf("language", "%q is no language tag; de and pt-BR are", tag)
	}
	return nil
}

// spoken is the language of a conversation's texts, empty for English, which goes
// without saying.
func spoken(tag string) string {
	if code := messages.In(tag).Language(); code != messages.English {
		return code
	}
	return ""
}

// openingTexts are the goal and the messages of the person, each by itself.
func openingTexts(goal string, chat []Message) []string {
	return append([]string{goal}, personTexts(chat)...)
}
