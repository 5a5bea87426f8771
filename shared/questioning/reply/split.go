package reply

import (
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Open is a question waiting for an answer.
type Open struct {
	Number int
	Slot   questioning.Slot
}

// Part is the piece of a reply that belongs to one question.
type Part struct {
	Number int
	Words  string
}

// Split matches a reply to the open questions, given in the order asked. The
// parts come in that order, at most one for each question and none of them
// blank. rest is text that belongs to no question, "" when all was matched.
//
// Numbers before the answers ("1. yes") are followed first, then the names of
// the slots ("Budget: 500"), then the order of the lines or paragraphs.
func Split(text string, open []Open) (parts []Part, rest string) {
	text = strings.TrimSpace(newlines.Replace(text))
	if text == "" || len(open) == 0 {
		return nil, text
	}
	if parts, rest := splitMarkers(text, open); len(parts) > 0 {
		return parts, rest
	}
	if parts, rest := splitLabels(text, open); len(parts) > 0 {
		return parts, rest
	}
	return splitOrder(text, open), ""
}

var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// answers gathers the words for each open question.
type answers struct {
	open  []Open
	words map[int][]string
}

func (a *answers) add(number int, words string) {
	if words = strings.TrimSpace(words); words != "" {
		if a.words == nil {
			a.words = map[int][]string{}
		}
		a.words[number] = append(a.words[number], words)
	}
}

func (a *answers) parts() []Part {
	var parts []Part
	for _, question := range a.open {
		if words := a.words[question.Number]; len(words) > 0 {
			parts = append(parts, Part{question.Number, strings.Join(words, "\n")})
			delete(a.words, question.Number)
		}
	}
	return parts
}

func splitOrder(text string, open []Open) []Part {
	gathered := answers{open: open}
	lines := nonBlank(strings.Split(text, "\n"))
	paragraphs := nonBlank(blankLines.Split(text, -1))
	_, isOutcome := outcomeOf(clean(text))
	switch {
	case len(open) == 1 || len(lines) == 0:
		gathered.add(open[0].Number, text)
	case isOutcome:
		for _, question := range open {
			if len(gathered.words[question.Number]) == 0 {
				gathered.add(question.Number, text)
			}
		}
	case len(lines) <= len(open):
		for i, line := range lines {
			gathered.add(open[i].Number, line)
		}
	case len(paragraphs) == len(open):
		for i, paragraph := range paragraphs {
			gathered.add(open[i].Number, paragraph)
		}
	default:
		gathered.add(open[0].Number, text)
	}
	return gathered.parts()
}

// nonBlank strips the bullet before each piece and drops the blank ones.
func nonBlank(pieces []string) []string {
	for i, piece := range pieces {
		if at := plainBullet.FindString(piece); !strings.Contains(strings.TrimSpace(piece), "\n") {
			piece = piece[len(at):]
		}
		pieces[i] = strings.TrimSpace(piece)
	}
	return slices.DeleteFunc(pieces, func(piece string) bool { return piece == "" })
}

// splitLabels follows lines such as "Budget: 500" that start with the key or
// title of a slot.
func splitLabels(text string, open []Open) (parts []Part, rest string) {
	labels := map[string]int{}
	for _, name := range []func(Open) string{
		func(question Open) string { return question.Slot.Key },
		func(question Open) string { return question.Slot.Title },
	} {
		for _, question := range open {
			label := LabelName(name(question))
			if _, taken := labels[label]; label != "" && !taken {
				labels[label] = question.Number
			}
		}
	}
	gathered := answers{open: open}
	var before, current []string
	number, labelled := 0, false
	for line := range strings.SplitSeq(text, "\n") {
		label, words, ok := CutLabel(line)
		next, known := labels[label]
		switch {
		case ok && known:
			gathered.add(number, strings.Join(current, "\n"))
			number, labelled, current = next, true, []string{words}
		case labelled:
			current = append(current, line)
		default:
			before = append(before, line)
		}
	}
	if labelled {
		gathered.add(number, strings.Join(current, "\n"))
	}
	return gathered.parts(), strings.TrimSpace(strings.Join(before, "\n"))
}

// longestLabel bounds, in bytes, what stands before the colon of a label.
const longestLabel = 300

// CutLabel parts "Label: words"; the label is in the form of LabelName.
func CutLabel(line string) (label, words string, ok bool) {
	label, words, ok = strings.Cut(line, ":")
	if !ok || len(label) > longestLabel {
		return "", line, false
	}
	label = label[len(plainBullet.FindString(label)):]
	if strings.Contains(label, "**") { // "**Label:** words" and "**Label**: words"
		words = strings.TrimPrefix(words, "**")
	}
	label = LabelName(label)
	return label, words, label != ""
}

// LabelName makes "Start_date", "start-date" and "Start date" one.
func LabelName(name string) string {
	name = labelJoints.Replace(fold(name))
	return strings.TrimRight(strings.Join(strings.Fields(name), " "), "?:. ")
}

var labelJoints = strings.NewReplacer("_", " ", "-", " ", "*", " ")
