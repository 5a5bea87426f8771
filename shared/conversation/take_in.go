package conversation

import (
	"context"
	"encoding/json"
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
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// said is one answer on its way in: to a question, if it names one.
type said struct {
	questioning.Answer
	question int // 0 when it names a slot
}

// brought is what a call says: answers, and a reply with the numbers in it.
type brought struct {
	answers []AnswerInput
	text    string
	numbers []int
}

// takeIn records what a call says that was not said before.
func (s *Service) takeIn(ctx context.Context, tx *store.Tx, rec *conversation, in brought, c *store.Change) (tally, error) {
	var t tally
	all, err := s.structured(ctx, tx, rec, in.answers)
	if err != nil {
		return t, err
	}
	var told []said
	if in.text != "" {
		written, err := s.written(ctx, tx, rec, in)
		if err != nil {
			return t, err
		}
		all, told, t.unmatched, t.doubts = append(all, written.answers...), written.told, written.unmatched, written.doubts
	}
	all = append(all, rec.contradicting(told)...)
	known, err := repeated(ctx, tx, rec, all)
	if err != nil {
		return t, err
	}
	for _, one := range all {
		id := rec.digestOf(one)
		_, open := rec.openQuestion(one.Slot)
		if known[string(id)] || !open && rec.holds(one) {
			t.repeated++
			continue
		}
		recorded, err := rec.State.Record(one.Answer)
		if err != nil {
			return t, err
		}
		if recorded.Question == 0 {
			recorded.Question = one.question
		}
		known[string(id)] = true
		c.Answers = append(c.Answers, store.Answer{Answer: recorded, Digest: id})
		t.recorded++
	}
	for _, one := range told {
		rec.State.AssumeVolunteered(one.Slot, one.Value, one.Words, fromReply)
	}
	if t.recorded > 0 {
		rec.State.Pass()
	}
	return t, nil
}

// fromReply is the source of what the person told without being asked.
const fromReply = "told without being asked"

// contradicting are the told values for slots that hold another answer: the
// person says which of the two it is.
func (rec *conversation) contradicting(told []said) []said {
	return slices.DeleteFunc(slices.Clone(told), func(one said) bool {
		switch rec.State.SlotStates[rec.State.Index(one.Slot)].Status {
		case questioning.StatusAnswered, questioning.StatusContradicted:
			return rec.holds(one)
		}
		return true
	})
}

// openQuestion returns the slot's open question.
func (rec *conversation) openQuestion(slot string) (questioning.Question, bool) {
	for _, q := range rec.State.Open {
		if q.Slot == slot {
			return q, true
		}
	}
	return questioning.Question{}, false
}

// digestOf identifies what is said. The reply to a repeated question counts
// anew: the same words then mean that the person stands by them.
func (rec *conversation) digestOf(one said) []byte {
	round := 0
	reopened := rec.State.SlotStates[rec.State.Index(one.Slot)].Reopened > 0
	if q, open := rec.openQuestion(one.Slot); open && (q.Purpose != questioning.Ask || reopened) {
		round = q.Number
	}
	value, _ := json.Marshal(one.Value) // a canonical value always encodes
	return digest([]byte(one.Slot), []byte(strconv.Itoa(round)), []byte(one.Outcome), value, []byte(one.Words))
}

// holds says that an answer is what its slot holds already, in these words or
// others.
func (rec *conversation) holds(one said) bool {
	s := rec.State.SlotStates[rec.State.Index(one.Slot)]
	if one.Problem != "" {
		return s.Words == one.Words
	}
	return s.Status == questioning.Status(one.Outcome) && reflect.DeepEqual(s.Value, one.Value)
}

// repeated looks up those answers that might have been given before: the ones
// that answer no open question.
func repeated(ctx context.Context, tx *store.Tx, rec *conversation, all []said) (map[string]bool, error) {
	var digests [][]byte
	for _, one := range all {
		if _, open := rec.openQuestion(one.Slot); !open {
			digests = append(digests, rec.digestOf(one))
		}
	}
	if len(digests) == 0 {
		return map[string]bool{}, nil
	}
	return tx.KnownDigests(ctx, rec.ID, digests)
}

// structured reads the answers given by question or slot.
func (s *Service) structured(ctx context.Context, tx *store.Tx, rec *conversation, answers []AnswerInput) ([]said, error) {
	numbers, err := rec.inOrder(answers)
	if err != nil {
		return nil, err
	}
	for i, a := range answers {
		if a.unnamed() {
			continue
		}
		number, err := a.number(rec.ID)
		if err != nil {
			return nil, fault.Within(fmt.Sprintf("answers[%d]", i), err)
		}
		numbers[i] = number
	}
	put, err := rec.put(ctx, tx, numbers)
	if err != nil {
		return nil, err
	}
	all := make([]said, len(answers))
	for i, a := range answers {
		if all[i], err = s.read(rec, a, numbers[i], put); err != nil {
			return nil, fault.Within(fmt.Sprintf("answers[%d]", i), err)
		}
	}
	return all, nil
}

// inOrder gives answers that name nothing the numbers of the open questions, in
// their order: there have to be as many.
func (rec *conversation) inOrder(answers []AnswerInput) ([]int, error) {
	numbers := make([]int, len(answers))
	if !allUnnamed(answers) {
		return numbers, nil // checked already: none is unnamed
	}
	if len(answers) != len(rec.State.Open) {
		return nil, fault.Within("answers[0]", unnamedError(fmt.Sprintf("; %d came without one, and %s", len(answers), openNumbers(rec.State.Open))))
	}
	for i, q := range rec.State.Open {
		numbers[i] = q.Number
	}
	return numbers, nil
}

// put returns the slot of every numbered question that was put: the open ones
// are at hand, others are looked up.
func (rec *conversation) put(ctx context.Context, tx *store.Tx, numbers []int) (map[int]string, error) {
	slots := map[int]string{}
	for _, q := range rec.State.Open {
		slots[q.Number] = q.Slot
	}
	var missing []int
	for _, n := range numbers {
		if _, ok := slots[n]; !ok && n > 0 && n <= rec.State.Asked {
			missing = append(missing, n)
		}
	}
	if len(missing) == 0 {
		return slots, nil
	}
	closed, err := tx.SlotsOfQuestions(ctx, rec.ID, missing)
	if err != nil {
		return nil, err
	}
	for n, slot := range closed {
		slots[n] = slot
	}
	return slots, nil
}

// read turns one structured answer into what it says.
func (s *Service) read(rec *conversation, a AnswerInput, number int, put map[int]string) (said, error) {
	key := a.Slot
	if number > 0 {
		slot, ok := put[number]
		if !ok {
			return said{}, fault.Invalidf("question_number", "question %d was never asked; %s", number, openNumbers(rec.State.Open))
		}
		if a.Slot != "" && a.Slot != slot {
			return said{}, fault.Invalidf("slot", "question %d asks for %q, not %q", number, slot, a.Slot)
		}
		key = slot
	}
	i := rec.State.Index(key)
	if i < 0 {
		return said{}, fault.Invalidf("slot", "there is no slot %q; there are %s", key, slotKeys(rec.State.Slots))
	}
	one := said{Answer: questioning.Answer{Slot: key, Outcome: a.Outcome, Words: strings.TrimSpace(a.Text)}, question: number}
	slot := rec.State.Slots[i]
	switch {
	case a.Outcome != "" && a.Outcome != questioning.Answered:
	case a.Value != nil:
		value, err := arguments.Value(slot, a.Value, s.reading(rec.State))
		if err != nil {
			return said{}, fault.Invalidf("value", "%s is not accepted: %v", plain.JSON(a.Value, shownRunes), err)
		}
		one.Outcome, one.Value = questioning.Answered, value
		if one.Words == "" {
			one.Words = questioning.Render(value, rec.State.Language)
		}
	default:
		one.heard(parse.Read(slot, one.Words, s.reading(rec.State)))
	}
	return one, nil
}

// shownRunes is how much of a value an error repeats.
const shownRunes = 100

// heard takes over what was read of a person's words.
func (one *said) heard(read parse.Reading) {
	one.Outcome, one.Value, one.Problem = read.Outcome, read.Value, read.Problem
}

// readReply is what a reply says: answers, values that nobody asked for, and
// words that belong to no slot.
type readReply struct {
	answers, told []said
	unmatched     string
	doubts        []string
}

// written reads a reply in the person's own words. A reply that numbers its
// answers as questions which are settled, and says what they hold, is an old
// one come again; otherwise it is read for the questions that are open. Numbers that
// cannot be the person's own mean what they say: two clients may have answered at once.
func (s *Service) written(ctx context.Context, tx *store.Tx, rec *conversation, in brought) (readReply, error) {
	if numbers := rec.settled(in.numbers); len(numbers) > 0 {
		put, err := rec.put(ctx, tx, numbers)
		if err != nil {
			return readReply{}, err
		}
		read := s.readReply(rec, in.text, numbers, put)
		meant := len(rec.State.Open) == 0 || numbers[0] > 1 // a person's own numbers begin with 1
		if meant || !slices.ContainsFunc(read.answers, func(one said) bool { return !rec.holds(one) }) {
			return read, nil
		}
	}
	numbers, put := make([]int, len(rec.State.Open)), map[int]string{}
	for i, q := range rec.State.Open {
		numbers[i], put[q.Number] = q.Number, q.Slot
	}
	return s.readReply(rec, in.text, numbers, put), nil
}

// settled returns the numbers, each once, if they are all of questions that
// were put and are not open.
func (rec *conversation) settled(numbers []int) []int {
	numbers = slices.Compact(slices.Sorted(slices.Values(numbers)))
	for _, n := range numbers {
		isOpen := slices.ContainsFunc(rec.State.Open, func(q questioning.Question) bool { return q.Number == n })
		if isOpen || n < 1 || n > rec.State.Asked {
			return nil
		}
	}
	return numbers
}

// readReply reads a reply to the numbered questions.
func (s *Service) readReply(rec *conversation, text string, numbers []int, put map[int]string) readReply {
	questions := make([]parse.OpenQuestion, len(numbers))
	for i, n := range numbers {
		questions[i] = parse.OpenQuestion{Number: n, Slot: rec.State.Slots[rec.State.Index(put[n])]}
	}
	reply := parse.ReadReply(text, questions, rec.State.Slots, s.reading(rec.State))
	return readReply{heardParts(reply.Answers), heardParts(reply.Volunteered), reply.Unmatched, reply.Doubts}
}

func heardParts(parts []parse.Part) []said {
	all := make([]said, len(parts))
	for i, p := range parts {
		all[i] = said{Answer: questioning.Answer{Slot: p.Slot, Words: p.Words}, question: p.Number}
		all[i].heard(p.Reading)
	}
	return all
}

const listed = 20

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

func slotKeys(slots []questioning.Slot) string {
	var keys []string
	for i, s := range slots {
		if i == listed {
			keys = append(keys, fmt.Sprintf("%d more", len(slots)-listed))
			break
		}
		keys = append(keys, s.Key)
	}
	return strings.Join(keys, ", ")
}
