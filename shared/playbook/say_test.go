package playbook

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	answers "github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

func TestEveryOptionCanBeSaidInWords(t *testing.T) {
	eachBuiltIn(t, func(t *testing.T, p Playbook) {
		for _, slot := range p.Slots {
			for _, option := range slot.Options {
				for _, words := range []string{option.Value.(string), option.Title, strings.ToLower(option.Title)} {
					want := option.Value
					if slot.Type == questioning.Choices {
						want = []any{option.Value}
					}
					read := answers.Read(slot, words, answers.Context{Now: time.Now()})
					assert.Equal(t, want, read.Value, "%s: %q. %s", slot.Key, words, read.Problem)
				}
			}
		}
	})
}
