package reply_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/reply"
)

func open(numbers ...int) []reply.Open {
	var list []reply.Open
	for _, number := range numbers {
		list = append(list, reply.Open{Number: number, Slot: questioning.Slot{Type: questioning.Text}})
	}
	return list
}

func named(names ...string) []reply.Open {
	list := open(1, 2, 3, 4, 5)[:len(names)]
	for i, name := range names {
		list[i].Slot.Key, list[i].Slot.Title, _ = strings.Cut(name, "|")
	}
	return list
}

func TestSplit(t *testing.T) {
	type parts = []reply.Part
	for promise, c := range map[string]struct {
		text string
		open []reply.Open
		want parts
		rest string
	}{
		"numbers with dots":                      {"1. yes\n2. no", open(1, 2), parts{{1, "yes"}, {2, "no"}}, ""},
		"numbers with brackets":                  {"1) yes\n(2) no\n3.) blue", open(1, 2, 3), parts{{1, "yes"}, {2, "no"}, {3, "blue"}}, ""},
		"numbers with colons and dashes":         {"1: yes\n2 - no", open(1, 2), parts{{1, "yes"}, {2, "no"}}, ""},
		"Q and A markers":                        {"Q1: yes\nQ 2 - no\nQuestion 3: blue\nA4: x\n#5 y", open(1, 2, 3, 4, 5), parts{{1, "yes"}, {2, "no"}, {3, "blue"}, {4, "x"}, {5, "y"}}, ""},
		"bold markers":                           {"**1.** yes\n**2. no**\n**3**: blue", open(1, 2, 3), parts{{1, "yes"}, {2, "no"}, {3, "blue"}}, ""},
		"bulleted markers":                       {"- 1. yes\n- 2. no", open(1, 2), parts{{1, "yes"}, {2, "no"}}, ""},
		"no space after the dot":                 {"1.yes\n2.no", open(1, 2), parts{{1, "yes"}, {2, "no"}}, ""},
		"Windows line ends":                      {"1. yes\r\n2. no\r\n", open(1, 2), parts{{1, "yes"}, {2, "no"}}, ""},
		"numbers that go on from earlier":        {"7. yes\n9. no", open(7, 8, 9), parts{{7, "yes"}, {9, "no"}}, ""},
		"the order asked, not written":           {"2. no\n1. yes", open(1, 2), parts{{1, "yes"}, {2, "no"}}, ""},
		"markers within a line":                  {"1. yes 2) no 3. blue", open(1, 2, 3), parts{{1, "yes"}, {2, "no"}, {3, "blue"}}, ""},
		"markers between commas":                 {"1. yes, 2. no, 3. blue", open(1, 2, 3), parts{{1, "yes"}, {2, "no"}, {3, "blue"}}, ""},
		"colons within a line":                   {"1: yes 2: no", open(1, 2), parts{{1, "yes"}, {2, "no"}}, ""},
		"Qs within a line":                       {"Q1: yes Q2: no", open(1, 2), parts{{1, "yes"}, {2, "no"}}, ""},
		"places in the batch":                    {"1. yes\n2. no", open(5, 6, 7), parts{{5, "yes"}, {6, "no"}}, ""},
		"places within a line":                   {"1. yes 2. no", open(5, 6), parts{{5, "yes"}, {6, "no"}}, ""},
		"no places beyond the batch":             {"1. yes\n2. no\n3. x", open(5, 6), parts{{5, "1. yes\n2. no\n3. x"}}, ""},
		"no places when one is open":             {"1. yes\n2. no", open(2, 3), parts{{2, "no"}}, "1. yes"},
		"a place for the only one":               {"1. yes", open(7), parts{{7, "yes"}}, ""},
		"text before the first":                  {"Hello!\n1. yes\n2. no", open(1, 2), parts{{1, "yes"}, {2, "no"}}, "Hello!"},
		"lines after a marker":                   {"1. yes\nand more\n2. no", open(1, 2), parts{{1, "yes\nand more"}, {2, "no"}}, ""},
		"a marker on its own line":               {"1.\nyes\n2.\nno", open(1, 2), parts{{1, "yes"}, {2, "no"}}, ""},
		"the same number twice":                  {"1. yes\n2. no\n1. and maybe", open(1, 2), parts{{1, "yes\nand maybe"}, {2, "no"}}, ""},
		"an empty answer":                        {"1.\n2. no", open(1, 2), parts{{2, "no"}}, ""},
		"a list under one question":              {"1. apples\n2. pears", open(1), parts{{1, "apples\n2. pears"}}, ""},
		"a list for a later question":            {"1. apples\n2. pears", open(7), parts{{7, "1. apples\n2. pears"}}, ""},
		"a number no one asked":                  {"1. yes\n8. no", open(1, 2), parts{{1, "yes\n8. no"}}, ""},
		"decimals are no markers":                {"1.5 million\n2.5 million", open(1, 2), parts{{1, "1.5 million"}, {2, "2.5 million"}}, ""},
		"a decimal after a marker":               {"1. 2.5 million 2. no", open(1, 2), parts{{1, "2.5 million"}, {2, "no"}}, ""},
		"times are no markers":                   {"10:30\n11:30", open(10, 11), parts{{10, "10:30"}, {11, "11:30"}}, ""},
		"dates are no markers":                   {"2026-11-23", open(2026), parts{{2026, "2026-11-23"}}, ""},
		"a day and month is no marker":           {"23. November", open(23, 24), parts{{23, "23. November"}}, ""},
		"ranges are no markers":                  {"5 - 10", open(5), parts{{5, "5 - 10"}}, ""},
		"a quarter is no marker":                 {"Q3 2026\nsure", open(3, 4), parts{{3, "Q3 2026"}, {4, "sure"}}, ""},
		"a number that is the answer":            {"1.", open(1), parts{{1, "1."}}, ""},
		"a number at the end of a sentence":      {"1. We need 2.", open(1, 2), parts{{1, "We need 2."}}, ""},
		"a number before a marker":               {"1. I need 2. 2. blue", open(1, 2), parts{{1, "I need 2."}, {2, "blue"}}, ""},
		"a word before an inline marker":         {"1. no 2. yes or no 3. a", open(1, 2, 3), parts{{1, "no"}, {2, "yes or no"}, {3, "a"}}, ""},
		"a name repeated after the number":       {"1. Budget: 500\n2. **Name:** Bob", named("budget|Budget", "name|Name"), parts{{1, "500"}, {2, "Bob"}}, ""},
		"labels by title":                        {"Budget: 500\nStart date: tomorrow", named("b|Budget", "start_date|"), parts{{1, "500"}, {2, "tomorrow"}}, ""},
		"labels by key in any spelling":          {"start-date: tomorrow\n**FULL NAME**: Bob", named("start_date|When?", "full_name|"), parts{{1, "tomorrow"}, {2, "Bob"}}, ""},
		"lines that go on from a label":          {"Hi\nBudget: 500\nat most\nNote: x", named("budget|", "b|"), parts{{1, "500\nat most\nNote: x"}}, "Hi"},
		"a label for the only question":          {"Budget: 500", named("budget|"), parts{{1, "500"}}, ""},
		"the whole text for one":                 {"well\n\n- a\n- b", open(1), parts{{1, "well\n\n- a\n- b"}}, ""},
		"one outcome for all":                    {"I don't know", open(1, 2), parts{{1, "I don't know"}, {2, "I don't know"}}, ""},
		"as many lines as questions":             {"yes\n\n- no\n* blue", open(1, 2, 3), parts{{1, "yes"}, {2, "no"}, {3, "blue"}}, ""},
		"as many paragraphs":                     {"yes\nreally\n\nno\n \nblue", open(1, 2, 3), parts{{1, "yes\nreally"}, {2, "no"}, {3, "blue"}}, ""},
		"fewer lines":                            {"yes\nno", open(1, 2, 3), parts{{1, "yes"}, {2, "no"}}, ""},
		"more lines":                             {"a\nb\nc", open(1, 2), parts{{1, "a\nb\nc"}}, ""},
		"negative numbers are no bulleted lines": {"-3\n-4", open(1, 2), parts{{1, "-3"}, {2, "-4"}}, ""},
		"blank text":                             {" \n ", open(1, 2), nil, ""},
		"nothing open":                           {"yes", nil, nil, "yes"},
	} {
		t.Run(promise, func(t *testing.T) {
			got, rest := reply.Split(c.text, c.open)
			assert.Equal(t, c.want, got)
			assert.Equal(t, c.rest, rest)
		})
	}
}

func TestNumbers(t *testing.T) {
	for text, want := range map[string][]int{"1. yes": {1}, "so:\n2) no\n4. x": {2, 4}, "Q3: x": {3}, "yes": nil, "2.5 million": nil, "": nil} {
		assert.Equal(t, want, reply.Numbers(text), text)
	}
}

func TestSplitBoundsItsCost(t *testing.T) {
	numbers := make([]int, 50)
	for i := range numbers {
		numbers[i] = i + 1
	}
	for _, unit := range []string{"1. ", " 2.", "1. a 2. b ", "**", ": \n"} {
		text := strings.Repeat(unit, (256<<10)/len(unit))
		start := time.Now()
		reply.Split("1. x"+text, open(numbers...))
		reply.Split(text, open(numbers...))
		assert.Less(t, time.Since(start), 10*time.Second, unit)
	}
}

func FuzzSplit(f *testing.F) {
	for _, text := range []string{
		"1. yes 2) no 3. blue", "Q3: x\n\n#4 y", "Budget: 500\nmore", "**2. a**", "1.\n2.", "a\nb\nc", "skip",
		"(1) x\r\n(2) y", "1 - 2 - 3", "2. 3. 4. x", "__1.__ a", "\u20281. a", "1. ,; 2. b", "start-date:: x", "- - 1. x",
	} {
		f.Add(text, uint8(3), uint8(1))
	}
	f.Fuzz(func(t *testing.T, text string, count, first uint8) {
		var numbers []int
		for i := range int(count % 6) {
			numbers = append(numbers, int(first)+i)
		}
		questions := open(numbers...)
		for i := range questions {
			questions[i].Slot.Key, questions[i].Slot.Title = []string{"budget", "start_date", "x", "", "a", "b"}[i], "Title "+string(rune('A'+i))
		}
		parts, rest := reply.Split(text, questions)
		again, restAgain := reply.Split(text, questions)
		assert.Equal(t, parts, again)
		assert.Equal(t, rest, restAgain)
		seen := map[int]bool{}
		for _, part := range parts {
			assert.Contains(t, numbers, part.Number)
			assert.False(t, seen[part.Number], "two parts for one question")
			seen[part.Number] = true
			assert.NotEmpty(t, strings.TrimSpace(part.Words))
			assert.True(t, utf8.ValidString(part.Words) || !utf8.ValidString(text))
		}
		if len(numbers) > 0 && strings.TrimSpace(text) != "" {
			assert.NotEmpty(t, parts, "the words went nowhere")
		}
	})
}
