package conversation

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation/arguments"
	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

// reply is what the person said, as it came: answers that the client's model
// made of it, and words to be parsed.
type reply struct {
	answers []AnswerInput
	text    string
	numbers []int  // in the text, of questions
	asked   string // the message that put the questions, where the client sends it
}

// named returns the numbers of the questions that a reply names, for the store to
// load: settled ones are not loaded otherwise. Numbers that no question can have are
// left out.
func (r reply) named(conversationID string) []int {
	numbers := slices.Clone(r.numbers)
	for _, a := range r.answers {
		number, _ := a.number(conversationID) // parsed again, and refused, with the others
		numbers = append(numbers, number)
	}
	slices.Sort(numbers)
	return slices.DeleteFunc(slices.Compact(numbers), func(n int) bool { return n < 1 || n > maxQuestions })
}

// answer is one answer as parsed: to a question, if it names one.
type answer struct {
	questioning.Answer
	question int // 0 when it names a slot
	// corrects says that it is meant to stand in place of what its slot holds: it names
	// the slot, and not a question, which somebody else may have answered meanwhile, or its
	// sentence does nothing but correct.
	corrects bool
	intent   parse.Intent // of words that are no answer
	isRead   bool         // by the parser, in words
	unsure   bool         // may be about something else: see parse.Part
}

// apply takes over a reading of the person's words.
func (a *answer) apply(read parse.Reading) {
	a.Outcome, a.Value, a.Problem, a.intent, a.isRead = read.Outcome, read.Value, read.Problem, read.Intent, true
}

// parsed is what a reply says: answers, values that nobody asked for, and words
// that belong to no slot.
type parsed struct {
	answers, volunteered []answer
	remarks              []parse.Remark
	unmatched            string
	doubts               []string
	ended                bool // the person wants no more questions
	spoken               bool // it is the person's reply, in words
}

// and adds what else is known. Whose words they are, and whether they end the
// conversation, stays as it is: what is known was not said in reply.
func (p parsed) and(other parsed) parsed {
	p.answers, p.volunteered = append(p.answers, other.answers...), append(p.volunteered, other.volunteered...)
	p.remarks, p.doubts = append(p.remarks, other.remarks...), append(p.doubts, other.doubts...)
	p.unmatched = strings.Trim(p.unmatched+"\n"+other.unmatched, "\n")
	return p
}

// parse reads a reply. It changes nothing. Typed answers come first, since they are the
// stronger: words in which another value of the same slot is read then contradict them,
// and the person is asked which holds. What cannot be compared counts as what the client
// read: free text, and words that were not read here. Many clients send the chat with every
// call.
func (c *conversation) parse(r reply, with parse.Context) (parsed, error) {
	answers, err := c.parseAnswers(r.answers, with)
	if err != nil || r.text == "" {
		return parsed{answers: answers}, err
	}
	read := c.parseText(r, with)
	isSaid := func(a answer) bool {
		free := lengthy(c.State.Slots[c.State.Index(a.Slot)].Type)
		return slices.ContainsFunc(answers, func(typed answer) bool {
			return typed.Slot == a.Slot && (free || a.Problem != "" || sameAnswer(typed, a))
		})
	}
	read.answers = append(answers, slices.DeleteFunc(read.answers, isSaid)...)
	var unmatched []string
	for line := range strings.SplitSeq(read.unmatched, "\n") {
		if !slices.ContainsFunc(answers, func(typed answer) bool { return strings.Contains(typed.Words, line) }) {
			unmatched = append(unmatched, line)
		}
	}
	read.unmatched = strings.Join(unmatched, "\n")
	return read, nil
}

// parseAnswers reads the answers given by question or slot. One that cannot be taken
// refuses all of them, and the error names it by its place: a client would not know
// which of them were stored.
func (c *conversation) parseAnswers(answers []AnswerInput, with parse.Context) ([]answer, error) {
	answers, places := c.inParts(answers)
	for i := range answers {
		c.byOrdinal(&answers[i], with)
	}
	numbers, err := c.numbered(answers, places)
	if err != nil {
		return nil, err
	}
	all := make([]answer, len(answers))
	for i, a := range answers {
		if all[i], err = c.parseAnswer(a, numbers[i], with); err != nil {
			return nil, fault.Within(fmt.Sprintf("answers[%d]", places[i]), err)
		}
	}
	return all, nil
}

// numbered returns the question that each answer is to, 0 for none. Answers that name
// nothing are to the open questions, in their order: there have to be as many. Counting
// off fewer would guess which question was left out.
func (c *conversation) numbered(answers []AnswerInput, places []int) ([]int, error) {
	numbers := make([]int, len(answers))
	unnamed := allUnnamed(answers)
	if unnamed && len(answers) != len(c.State.Open) {
		return nil, fault.Within("answers[0]", unnamedError(fmt.Sprintf("; %d came without one, and %s", len(answers), openNumbers(c.State.Open))))
	}
	for i, a := range answers {
		if unnamed {
			numbers[i] = c.State.Open[i].Number
			continue
		}
		var err error
		if numbers[i], err = a.number(c.ID); err != nil {
			return nil, fault.Within(fmt.Sprintf("answers[%d]", places[i]), err)
		}
	}
	return numbers, nil
}

// parseAnswer reads one answer. An outcome stands by itself; a value is checked against
// the slot, and the words beside it are kept as they came; words alone are parsed. Of a
// value without words the person's own are the value, written out: every answer can be
// cited.
func (c *conversation) parseAnswer(in AnswerInput, number int, with parse.Context) (answer, error) {
	slot, err := c.slotOf(in, number, with)
	if err != nil {
		return answer{}, err
	}
	a := answer{
		Answer:   questioning.Answer{Slot: slot.Key, Outcome: in.Outcome, Words: strings.TrimSpace(in.Text)},
		question: number, corrects: number == 0,
	}
	switch {
	// Unknown, declined, not applicable: there is no value to check.
	case in.Outcome != "" && in.Outcome != questioning.Answered:
	case in.Value != nil:
		value, err := arguments.Value(slot, in.Value, with)
		if err != nil {
			return answer{}, fault.Invalidf("value", "%s is not accepted: %v", plain.JSON(in.Value, valueRunes), err)
		}
		a.Outcome, a.Value = questioning.Answered, value
		if a.Words == "" {
			a.Words = slot.Render(value, c.State.Language)
		}
	default:
		a.apply(parse.Read(slot, a.Words, with))
	}
	return a, nil
}

// valueRunes is how much of a value an error repeats.
const valueRunes = 100

// slotOf returns the slot that an answer is about. A question decides it; a slot named
// beside it has to be that question's, so that a mistaken number does not put an answer
// where it does not belong. A name near a slot's will do, if it means one slot only.
func (c *conversation) slotOf(in AnswerInput, number int, with parse.Context) (questioning.Slot, error) {
	key := in.Slot
	if number > 0 {
		slot, ok := c.SlotOf[number]
		if !ok {
			return questioning.Slot{}, fault.Invalidf("question_number", "question %d was never asked; %s", number, openNumbers(c.State.Open))
		}
		if in.Slot != "" && in.Slot != slot {
			return questioning.Slot{}, fault.Invalidf("slot", "question %d asks for %q, not %q", number, slot, in.Slot)
		}
		key = slot
	}
	near, ok := parse.SlotNamed(key, in.said(), c.State.Slots, with)
	if !ok {
		return questioning.Slot{}, fault.Invalidf("slot", "there is no slot %q; there are %s", key, slotKeys(c.State.Slots))
	}
	return c.State.Slots[c.State.Index(near)], nil
}

// parseKnown reads what the client's model knows from the chat. It cannot know the
// slots of a playbook beforehand: a name that means no slot leaves its value
// unmatched, and a value that does not fit is handed back.
func (c *conversation) parseKnown(known []Known, with parse.Context) (parsed, error) {
	var all parsed
	for i, k := range known {
		if len(k.Text) > maxWords {
			return parsed{}, fault.Invalidf(fmt.Sprintf("known[%d].text", i), "has %d bytes, at most %d are allowed", len(k.Text), maxWords)
		}
	}
	for _, k := range c.knownInParts(known) {
		// An answer has to be citable. Without words the value itself is cited, as it
		// was sent.
		words := strings.TrimSpace(k.Text)
		if words == "" && k.Value != nil {
			words = plain.JSON(k.Value, maxWords)
			if text, isText := k.Value.(string); isText {
				words = strings.TrimSpace(text)
			}
		}
		if words == "" {
			continue // a model that fills in every slot it could know of
		}
		if k.Slot == "" { // "Guests: 20", or a sentence
			all = all.and(c.parseFor(words, nil, with))
			continue
		}
		key, ok := parse.SlotNamed(k.Slot, AnswerInput{Value: k.Value, Text: words}.said(), c.State.Slots, with)
		if !ok {
			all = all.and(parsed{unmatched: k.Slot + ": " + words})
			continue
		}
		in := AnswerInput{Slot: key, Value: k.Value, Text: words}
		a, err := c.parseAnswer(in, 0, with)
		if err != nil {
			var invalid *fault.Invalid
			if !errors.As(err, &invalid) {
				return parsed{}, err
			}
			// A refused value is not lost: it comes back as unread, with the problem as
			// its reason.
			a = answer{Answer: questioning.Answer{Slot: key, Outcome: questioning.Answered, Words: words, Problem: invalid.Problem}, corrects: true}
		}
		all.answers = append(all.answers, a)
	}
	return all, nil
}

// parseText reads a reply in the person's own words for the questions that are open. A
// reply that numbers its answers as questions which are settled, and says what they hold,
// is an old one that came again. Numbers that cannot be the person's own, or follow a
// message that put the settled question, mean what they say: two clients may have answered
// at once.
func (c *conversation) parseText(r reply, with parse.Context) parsed {
	open := make([]int, len(c.State.Open))
	for i, q := range c.State.Open {
		open[i] = q.Number
	}
	settled, others := c.settled(r.numbers)
	switch meant := len(open) == 0 || len(settled) > 0 && (settled[0] > 1 || c.put(r.asked, settled)); { // a person's own numbers begin with 1
	case len(settled) == 0:
	case meant && others:
		return c.parseFor(r.text, append(settled, open...), with)
	case !others:
		read := c.parseFor(r.text, settled, with)
		if meant || !slices.ContainsFunc(read.answers, func(a answer) bool { return !c.holds(a) }) {
			return read
		}
	}
	return c.parseFor(r.text, open, with)
}

// put reports that a message put one of the numbered questions, and none that is open.
func (c *conversation) put(message string, numbers []int) bool {
	has := func(text string) bool { return text != "" && strings.Contains(message, text) }
	return slices.ContainsFunc(numbers, func(n int) bool { return has(c.TextOf[n]) }) &&
		!slices.ContainsFunc(c.State.Open, func(q questioning.Question) bool { return has(q.Text) })
}

// settled returns, in order, those of the numbers whose questions are settled, and whether
// there are others, of open questions. A number that was never put means that the reply
// numbers its lines by itself, and then none is.
func (c *conversation) settled(numbers []int) (settled []int, others bool) {
	for _, n := range slices.Compact(slices.Sorted(slices.Values(numbers))) {
		switch _, put := c.SlotOf[n]; {
		case !put:
			return nil, false
		case slices.ContainsFunc(c.State.Open, func(q questioning.Question) bool { return q.Number == n }):
			others = true
		default:
			settled = append(settled, n)
		}
	}
	return settled, others
}

// parseFor reads a reply to the numbered questions.
func (c *conversation) parseFor(text string, numbers []int, with parse.Context) parsed {
	questions := make([]parse.OpenQuestion, len(numbers))
	for i, n := range numbers {
		questions[i] = parse.OpenQuestion{Number: n, Slot: c.State.Slots[c.State.Index(c.SlotOf[n])]}
	}
	return saidIn(parse.ReadReply(text, questions, c.State.Slots, with))
}

// saidIn is what a reply says: what answers a question or names its slot is an
// answer, the rest was told without being asked.
func saidIn(read parse.Reply) parsed {
	says := parsed{remarks: read.Remarks, unmatched: read.Unmatched, doubts: read.Doubts, ended: read.Ended, spoken: true}
	for _, p := range slices.Concat(read.Answers, read.Unvalued, read.Volunteered) {
		a := answer{Answer: questioning.Answer{Slot: p.Slot, Words: p.Words}, question: p.Number, corrects: p.Named || p.Corrects, unsure: p.Unsure}
		a.apply(p.Reading)
		if p.Number != 0 || p.Named {
			says.answers = append(says.answers, a)
		} else {
			says.volunteered = append(says.volunteered, a)
		}
	}
	return says
}

// holds says that an answer is what its slot holds already, in these words or
// others.
func (c *conversation) holds(a answer) bool {
	s := c.State.SlotStates[c.State.Index(a.Slot)]
	if a.Problem != "" {
		return s.Words == a.Words
	}
	return s.Status == questioning.Status(a.Outcome) && reflect.DeepEqual(s.Value, a.Value)
}

// openNumbers says, in an error, which questions could have been meant.
func openNumbers(open []questioning.Question) string {
	if len(open) == 0 {
		return "no question is open"
	}
	parts := make([]string, len(open))
	for i, q := range open {
		parts[i] = strconv.Itoa(q.Number)
	}
	return "open: " + strings.Join(parts, ", ")
}

// maxListed is how many slots an error names: a model finds the right one among so
// many, and a schema may have two hundred.
const maxListed = 20

// slotKeys lists slots in an error, in their order, at most maxListed of them.
func slotKeys(slots []questioning.Slot) string {
	var keys []string
	for i, s := range slots {
		if i == maxListed {
			keys = append(keys, fmt.Sprintf("%d more", len(slots)-maxListed))
			break
		}
		keys = append(keys, s.Key)
	}
	return strings.Join(keys, ", ")
}
