package model

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/sequential-questioning/sequential-questioning/shared/lazyregexp"
	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/secret"
)

// Wording is what to reword, and what shows the person's language and tone.
type Wording struct {
	Goal      string
	Said      []string // the person's own words, oldest first
	Questions []string
}

const rephraseTask = `You reword questions that are put to a person.
The document has the goal of the questions, under "said" the person's own words, oldest first, and the numbered questions.
Write each question in the language of what the person said (that of the goal, if nothing was said) and in a tone that fits.
Ask for exactly what the question asks for: nothing added, nothing left out, one line, no greeting, no explanation.
Copy numbers, everything in quotes and placeholders such as {name} character by character.
Give as many questions as there are, with the same numbers in the same order, each ending in a question mark.
Write plain text: no markup, no links.`

var rephraseSchema = json.RawMessage(`{
"type":"object","additionalProperties":false,"required":["questions"],
"properties":{"questions":{"type":"array","items":{
"type":"object","additionalProperties":false,"required":["number","text"],
"properties":{"number":{"type":"integer"},"text":{"type":"string"}}}}}}`)

type numbered struct {
	Number int    `json:"number"`
	Text   string `json:"text"`
}

// Rephrase returns the questions in the person's language and tone: as many, in
// the same order. Numbers, quoted text and placeholders are those of the
// original; there is no markup, link, host or address that it does not have,
// nothing unseen, and nothing that asks for a secret which it does not ask for.
// Whatever the error, the plain questions can be asked.
func (c *Client) Rephrase(ctx context.Context, in Wording) ([]string, error) {
	if !c.Asks() {
		return nil, ErrNotConfigured
	}
	if len(in.Questions) == 0 {
		return []string{}, nil
	}
	questions := make([]numbered, len(in.Questions))
	left := c.config.Limits.InputBytes
	for i, text := range in.Questions {
		questions[i] = numbered{i + 1, text}
		left -= len(text)
	}
	if left < 0 {
		return nil, fmt.Errorf("the questions have more than %d bytes", c.config.Limits.InputBytes)
	}
	goal := plain.Prefix(in.Goal, left/2)
	p := prompt{
		name: "questions", task: rephraseTask, schema: rephraseSchema,
		data: map[string]any{"goal": goal, "said": latest(in.Said, left-len(goal)), "questions": questions},
	}
	return do(ctx, c, rephrasing, func(ctx context.Context) ([]string, error) {
		var answer struct {
			Questions []numbered `json:"questions"`
		}
		if err := c.complete(ctx, rephrasing, p, &answer); err != nil {
			return nil, err
		}
		return reworded(in.Questions, answer.Questions)
	})
}

// reworded returns the questions in their order, each reworded, or an error: one
// that strays makes the whole answer unusable.
func reworded(originals []string, answers []numbered) ([]string, error) {
	if len(answers) != len(originals) {
		return nil, unusable("it has %d questions, not %d", len(answers), len(originals))
	}
	texts := make([]string, len(answers))
	for i, a := range answers {
		if a.Number != i+1 {
			return nil, unusable("questions[%d] has the number %d", i, a.Number)
		}
		text, err := faithful(originals[i], a.Text)
		if err != nil {
			return nil, unusable("questions[%d] %v", i, err)
		}
		texts[i] = text
	}
	return texts, nil
}

var (
	digits = lazyregexp.New(`\p{Nd}+(?:[.,:/-]\p{Nd}+)*`)
	// fixed is what has to stay as it is: quoted text and placeholders.
	fixed = lazyregexp.New("\"[^\"]+\"|“[^”]+”|„[^“”]+[“”]|«[^»]+»|‘[^’]+’|`[^`]+`|\\{\\{[^{}]+\\}\\}|\\$?\\{[^{}]+\\}|<[^<>]+>|\\[[^\\[\\]]+\\]|%[a-z]\\b")
	// Greek ends a question in a semicolon.
	questionMark = lazyregexp.New(`[?？؟՞፧⸮\x{037E}]|\p{Greek}[^;]*;`)
)

const quotes = "\"“”„«»‘’`"

// faithful returns the reworded question cleaned, or says how it strays from the
// original. Whether the meaning is kept cannot be checked; what can do harm is:
// another number, a lost placeholder, a second question, a link, a secret. The
// bound on the length is in characters, wide enough for a translation.
func faithful(original, text string) (string, error) {
	text = plain.Prefix(text, 16*1024)
	if hides(text) {
		return "", errors.New("has line breaks or characters that are not seen")
	}
	text = plain.Line(text)
	marks := len(questionMark.FindAllString(text, -1))
	switch {
	case utf8.RuneCountInString(text) > 2*utf8.RuneCountInString(original)+80:
		return "", errors.New("is too long")
	case marks == 0:
		return "", errors.New("is not a question")
	case marks > max(1, len(questionMark.FindAllString(original, -1))):
		return "", errors.New("asks more than the original")
	case !sameTokens(digits.FindAllString(original, -1), digits.FindAllString(text, -1)):
		return "", errors.New("does not keep the numbers")
	}
	for _, part := range fixed.FindAllString(original, -1) {
		if !strings.Contains(text, strings.Trim(plain.Line(part), quotes)) {
			return "", errors.New("does not keep quoted text or a placeholder")
		}
	}
	if leadsTo(text, original) != "" {
		return "", errors.New("holds markup, a link, a host or an address")
	}
	allowed := secret.May(original, true)
	for kind := range secret.May(text, true) {
		if !allowed[kind] {
			return "", errors.New("asks for a secret")
		}
	}
	return text, nil
}

// sameTokens reports whether both hold the same, as often, in any order.
func sameTokens(a, b []string) bool {
	count := map[string]int{}
	for _, token := range a {
		count[token]++
	}
	for _, token := range b {
		count[token]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}
