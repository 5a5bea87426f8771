package main

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

// turnSlot is a slot as a dialogue describes it. Description and options are the data's
// own, so the parser has what a client's schema would give it.
type turnSlot struct {
	Key, Title, Description, Type string
	Options                       []string
	Values                        []string // what was said, when nobody asked
}

// dialogueTurn is one line prepared from the Schema-Guided Dialogue data (Rastogi et al.
// 2020): a system turn that asks for slots, or a goal, and what the person replied. Gold
// has the annotated values of each slot, in any of their spellings.
type dialogueTurn struct {
	Service, Kind, Question, Reply string
	Open, Unasked                  []turnSlot
	Gold                           map[string][]string
}

// slot is the slot as a client would declare it.
func (s turnSlot) slot() questioning.Slot {
	slot := questioning.Slot{Key: s.Key, Title: s.Title, Description: s.Description, Type: questioning.Type(s.Type)}
	for _, option := range s.Options {
		slot.Options = append(slot.Options, questioning.Option{Value: option})
	}
	return slot
}

// typed excludes text, where any words are a right reading. Counting text would only
// raise the share of right readings.
func (s turnSlot) typed() bool { return s.Type != string(questioning.Text) }

// When the people of the two sets of dialogues speak. They speak English. A day without
// a year is read from there; the annotations of the dialogues assume their date.
var (
	inDialogue = parse.Context{Now: time.Date(2019, time.March, 1, 0, 0, 0, 0, time.UTC), Language: "en"}
	inBooking  = parse.Context{Now: time.Date(2019, time.June, 3, 0, 0, 0, 0, time.UTC), Language: "en"}
)

// judgeDialogues judges typed slots: those asked for, alone or with others, and
// those volunteered unasked. The slots of a service are all that the lines name of it.
func judgeDialogues(lines []line) ([]judged, error) {
	turns, err := decodeLines[dialogueTurn](lines)
	if err != nil {
		return nil, err
	}
	services := map[string][]questioning.Slot{}
	for _, turn := range turns {
		for _, s := range slices.Concat(turn.Open, turn.Unasked) {
			known := func(other questioning.Slot) bool { return other.Key == s.Key }
			if !slices.ContainsFunc(services[turn.Service], known) {
				services[turn.Service] = append(services[turn.Service], s.slot())
			}
		}
	}
	for _, slots := range services { // whichever lines a file begins with
		slices.SortFunc(slots, func(a, b questioning.Slot) int { return compareText(a.Key, b.Key) })
	}
	var all []judged
	for i, turn := range turns {
		all = append(all, turn.judge(lines[i].id, services[turn.Service])...)
	}
	return all, nil
}

// judge lets the parser read one reply with all slots of its service in view, as in
// a conversation. Open slots without an annotated value count only if a value was
// stored: what the annotators left out the person may have said.
func (t dialogueTurn) judge(id string, slots []questioning.Slot) []judged {
	open := make([]questioning.Slot, len(t.Open))
	for i, s := range t.Open {
		open[i] = s.slot()
		if len(t.Open) == 1 && t.Kind == "one" {
			open[i].Question = t.Question // of several slots, it is not the question of each
		}
	}
	slots = slices.Clone(slots)
	for i, slot := range slots {
		if at := slices.IndexFunc(open, func(o questioning.Slot) bool { return o.Key == slot.Key }); at >= 0 {
			slots[i] = open[at]
		}
	}
	answers, assumptions := understandReply(t.Reply, open, slots, inDialogue)
	var all []judged
	for _, s := range t.Open {
		j := judged{Section: askedSection, Set: "SGD, one question", Type: s.Type, Lang: "en", Slot: s.Key, Asked: t.Question, Words: t.Reply, Line: id}
		if t.Kind == "several" {
			j.Set = "SGD, several questions"
		}
		want, annotated := t.Gold[s.Key]
		if j = j.judge(answers[s.Key], want); !s.typed() || !annotated && j.Verdict != silent {
			continue
		}
		j.Disputed = !annotated && proposes(t.Question, s.slot(), j.Read)
		all = append(all, j)
	}
	set := "SGD, replies"
	if t.Kind == "goal" {
		set = "SGD, goals"
	}
	unasked := map[string][]string{}
	for _, s := range t.Unasked {
		unasked[s.Key] = s.Values
	}
	return append(all, judgeUnasked(judged{Set: set, Lang: "en", Asked: t.Question, Words: t.Reply, Line: id}, slots, unasked, assumptions)...)
}

// proposes reports an assistant's question that names the value itself: "Will you be
// leaving on March 1st?" Who replies "Yes, March 1st" says it, though the data mark
// nothing in such replies. Such a value is left out of the figures, and not counted as
// wrong.
func proposes(question string, slot questioning.Slot, value any) bool {
	return slices.ContainsFunc(parse.Find(slot, question, inDialogue), func(c parse.Candidate) bool { return c.Value == value })
}

// judgeUnasked judges what was said unasked: each typed slot that the data know a value
// of, and each that a value was offered for without. An offer that nobody marked is a
// cost as well, for the person has to look at it; so it is counted, in a column of its
// own.
func judgeUnasked(like judged, slots []questioning.Slot, unasked map[string][]string, offered map[string]understood) []judged {
	var all []judged
	for _, slot := range slots {
		want, annotated := unasked[slot.Key]
		read := offered[slot.Key]
		if slot.Type == questioning.Text || !annotated && !read.stored() {
			continue
		}
		j := like
		j.Section, j.Type, j.Slot, j.Offered, j.Unannotated = unaskedSection, string(slot.Type), slot.Key, read.stored(), !annotated
		if j = j.judge(read, want); annotated || j.Verdict != asked {
			all = append(all, j)
		}
	}
	return all
}

// booking is one line of RESTAURANTS-8K (Coope et al. 2020). Requested are the slots
// that the assistant has just asked for.
type booking struct {
	Requested []string
	Reply     string
	Labels    []struct{ Slot, Span string }
}

// bookingSlots are the slots of a restaurant booking.
var bookingSlots = []questioning.Slot{
	{Key: "people", Title: "People", Description: "Number of people for the booking", Type: questioning.Integer},
	{Key: "date", Title: "Date", Description: "Date of the booking", Type: questioning.Date},
	{Key: "time", Title: "Time", Description: "Time of the booking", Type: questioning.Time},
	{Key: "first_name", Title: "First name", Type: questioning.Text},
	{Key: "last_name", Title: "Last name", Type: questioning.Text},
}

// judgeBookings judges people, date and time. The data mark the words that answer, and
// no value: a reply is read right when the whole of it is read as those words alone
// are. Whether those words themselves are understood is measured by the other sets.
func judgeBookings(lines []line) ([]judged, error) {
	turns, err := decodeLines[booking](lines)
	if err != nil {
		return nil, err
	}
	var all []judged
	for i, turn := range turns {
		all = append(all, turn.judge(lines[i].id)...)
	}
	return all, nil
}

// The words that put a time into a half of the day, and into the second one.
var (
	eitherHalf = regexp.MustCompile(`(?i)(\d ?(am|a\.m)|(\b|\d)(morning|afternoon|evening|night|tonight|noon|pm|p\.m))\b`)
	laterHalf  = regexp.MustCompile(`(?i)(\b|\d)(afternoon|evening|night|tonight|pm|p\.m)\b`)
)

// inItsHalf is the time that marked words say in their reply: of "5:45 this evening"
// the data mark "5:45", which is 17:45. Words that name a half themselves stand as
// they are, and so do those in a reply that names both halves.
// It only moves times before noon, by twelve hours.
func inItsHalf(read, span, reply string) string {
	at, err := time.Parse(time.TimeOnly, read)
	if err != nil || at.Hour() >= 12 || eitherHalf.MatchString(span) {
		return read
	}
	rest := strings.Replace(reply, span, "", 1)
	if later := laterHalf.FindAllString(rest, -1); len(later) == 0 || len(later) < len(eitherHalf.FindAllString(rest, -1)) {
		return read
	}
	return at.Add(12 * time.Hour).Format(time.TimeOnly)
}

// judge compares the reading of the whole reply with that of its marked words, in the
// slots that were asked for and in the others.
func (b booking) judge(id string) []judged {
	spans := map[string][]string{}
	for _, label := range b.Labels {
		for _, slot := range bookingSlots {
			if slot.Key == label.Slot {
				if read := understandWords(slot, label.Span, inBooking); read.stored() && read.Value != nil {
					spans[label.Slot] = append(spans[label.Slot], inItsHalf(questioning.Render(read.Value, ""), label.Span, b.Reply))
				} else if _, known := spans[label.Slot]; !known {
					spans[label.Slot] = nil
				}
			}
		}
	}
	var open []questioning.Slot
	for _, slot := range bookingSlots {
		if slices.Contains(b.Requested, slot.Key) {
			open = append(open, slot)
		}
	}
	answers, assumptions := understandReply(b.Reply, open, bookingSlots, inBooking)
	var all []judged
	for _, slot := range open {
		want, annotated := spans[slot.Key]
		j := judged{Section: askedSection, Set: "R8K, " + slot.Key, Type: string(slot.Type), Lang: "en", Slot: slot.Key, Words: b.Reply, Line: id}
		if j = j.judge(answers[slot.Key], want); slot.Type != questioning.Text && (annotated || j.Verdict == silent) {
			all = append(all, j)
		}
		delete(spans, slot.Key)
	}
	return append(all, judgeUnasked(judged{Set: "R8K", Lang: "en", Words: b.Reply, Line: id}, bookingSlots, spans, assumptions)...)
}
