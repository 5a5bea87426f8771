package arguments

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/lazyregexp"
	"github.com/sequential-questioning/sequential-questioning/shared/tool"
)

// answerNames are other names of an answer's members, in snake case. Where both an own
// and another name are given, the own one counts and the other stays, for the schema to
// refuse.
var answerNames = names(map[string]string{
	"slot":            "key name field property parameter label title slot_key slot_name slot_id field_name item",
	"question_number": "number question_no",
	"question_id":     "id",
	"text": "answer response reply words content answer_text user_answer user_response user_text quote quoted_text evidence raw raw_text " +
		"original original_text source_text verbatim utterance",
	"outcome": "status state",
})

// names turns a list of other names for each name around.
func names(of map[string]string) map[string]string {
	all := map[string]string{}
	for name, others := range of {
		for other := range strings.FieldsSeq(others) {
			all[other] = name
		}
	}
	return all
}

// besides are members that models add of their own and that say nothing of what the
// person said. A unit is not among them: without it a number means something else.
var besides = strings.Fields("confidence confidence_score score certainty source reason reasoning rationale explanation note notes comment comments " +
	"type data_type required language timestamp question_text question prompt label title")

// outcomes are other words for how an answer ended.
var outcomes = names(map[string]string{
	"answered":       "answer known given provided filled complete completed ok confirmed",
	"unknown":        "dont_know do_not_know don_t_know unsure not_sure not_known unanswered_unknown",
	"declined":       "decline refused refuse skipped skip prefer_not_to_say rather_not_say withheld",
	"not_applicable": "na n_a not_relevant inapplicable does_not_apply",
})

// shapeAnswers takes a single answer, a map from slot or question to value or answer,
// and a list whose items are answers, words or values. What is none of these comes back
// as it came: the schema then refuses it in words. The notes say what was taken
// differently, for the result's warnings.
func shapeAnswers(raw json.RawMessage) (json.RawMessage, []string) {
	var rewritten rewriting
	switch value := rewritten.unwrapped(decoded(raw)).(type) {
	case string:
		if list := numberedLines(strings.Split(strings.TrimSpace(value), "\n")); list != nil {
			rewritten.note("numbered lines taken as answers to these questions")
			return encoded(raw, list), rewritten.notes
		}
	// One answer looks like a map of slots; only its members tell. See isAnswer.
	case map[string]any:
		if isAnswer(value) {
			rewritten.note("one answer taken as a list of one")
			return encoded(raw, []any{rewritten.answer(value)}), rewritten.notes
		}
		rewritten.note("a map taken as a list")
		return encoded(raw, rewritten.mapped(value)), rewritten.notes
	case []any:
		if list := numberedLines(value); list != nil {
			rewritten.note("numbered lines taken as answers to these questions")
			return encoded(raw, list), rewritten.notes
		}
		list := make([]any, 0, len(value))
		inOrder := false
		for _, item := range value {
			switch v := item.(type) {
			case map[string]any:
				if len(v) == 1 && !isAnswer(v) {
					if entries := rewritten.mapped(v); len(entries) == 1 && onlyNamesSlot(v) {
						rewritten.note("maps taken as answers by slot")
						list = append(list, entries...)
						continue
					}
				}
				if entry := rewritten.answer(v); !saysNothing(entry) {
					list = append(list, entry)
				} else {
					rewritten.note("answers without a value left out")
				}
				continue
			case string:
				if strings.HasPrefix(strings.TrimSpace(v), "{") {
					list = append(list, v) // an answer as JSON in a string
					continue
				}
				item, inOrder = map[string]any{"text": v}, true
			case json.Number, bool:
				item, inOrder = map[string]any{"value": v}, true
			}
			// Without a name, an answer is to the open question in its place: the
			// service refuses lists that do not match them.
			list = append(list, item)
		}
		if inOrder {
			rewritten.note("taken in the order of the open questions")
		}
		if !rewritten.changed && !inOrder {
			return raw, nil
		}
		return encoded(raw, list), rewritten.notes
	}
	return raw, nil
}

// saysNothing reports an answer whose value or text was given, as null or blank, as a
// model does that fills in every slot.
func saysNothing(answer map[string]any) bool {
	given := false
	for _, name := range []string{"value", "text", "outcome"} {
		value, has := answer[name]
		if text, isText := value.(string); value != nil && !(isText && strings.TrimSpace(text) == "") {
			return false
		}
		given = given || has
	}
	return given
}

// unwrapped is what {"answers": …} or {"slots": …} holds.
func (s *rewriting) unwrapped(value any) any {
	if object, ok := value.(map[string]any); ok && len(object) == 1 {
		for _, name := range []string{"answers", "known", "slots", "values", "responses"} {
			switch inner := object[name].(type) {
			case map[string]any, []any:
				s.note("read from within " + name)
				return inner
			}
		}
	}
	return value
}

// numberedLine matches an answer behind its question's number: "2. Four", "Q2: Four".
var numberedLine = lazyregexp.New(`^\s*(?:[Qq]|[Qq]uestion )?(\d{1,6})[.):]\s+(\S.*)$`)

// numberedLines are answers by number; nil unless each line has a number of its own.
func numberedLines[T any](lines []T) []any {
	seen := map[string]bool{}
	var list []any
	for _, line := range lines {
		text, _ := any(line).(string)
		match := numberedLine.FindStringSubmatch(text)
		if match == nil || seen[match[1]] {
			return nil
		}
		seen[match[1]] = true
		list = append(list, map[string]any{"question_number": json.Number(match[1]), "text": match[2]})
	}
	return list
}

// memberNamed is the name of an answer's member, and whether it is an own one.
func memberNamed(name string) (known string, own bool) {
	switch folded := tool.Snake(name); folded {
	case "slot", "question_number", "question_id", "value", "text", "outcome":
		return folded, folded == name
	default:
		if known = answerNames[folded]; known == "" && slices.Contains([]string{"question", "question_text"}, folded) {
			known = "slot" // by what it asks
		}
		return known, false
	}
}

// isAnswer tells an answer from a map of slots: it names a question or a slot by a text
// or a number, says something of it, and has no member that an answer has not.
func isAnswer(object map[string]any) bool {
	named, says := false, false
	for name, value := range object {
		switch known, _ := memberNamed(name); known {
		case "slot", "question_number", "question_id":
			switch value.(type) {
			case string, json.Number, bool:
				named = true
			}
		case "value", "text", "outcome":
			says = true
		default:
			if !slices.Contains(besides, tool.Snake(name)) {
				return false
			}
		}
	}
	return named && says
}

// onlyNamesSlot reports a map whose one member is no member of an answer, or would name
// a slot without saying anything of it.
func onlyNamesSlot(object map[string]any) bool {
	for name := range object {
		switch known, own := memberNamed(name); known {
		case "value", "text", "outcome":
			return false
		case "":
			return true
		default:
			return !own
		}
	}
	return false
}

// answer gives the members of an answer their names. What answers holds as value where
// it is no text is a value. Members keep the order of their names, so that the notes
// come in one order.
func (s *rewriting) answer(object map[string]any) map[string]any {
	answer := map[string]any{}
	var left []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		value := object[name]
		known, own := memberNamed(name)
		if own {
			answer[name] = value
			continue
		}
		if _, isText := value.(string); known == "text" && !isText && value != nil {
			known = "value"
		}
		if number, isNumber := value.(json.Number); known == "question_id" && isNumber || known == "slot" && tool.Snake(name) == "question" && isNumber {
			known, value = "question_number", number
		}
		if text, isText := value.(string); known == "question_id" && tool.Snake(name) == "id" && isText && !strings.Contains(text, ":") {
			known = "slot" // a question's id has a colon
		}
		_, given := object[known]
		_, taken := answer[known]
		switch {
		case known != "" && !given && !taken && !(known == "slot" && slices.Contains(besides, tool.Snake(name)) && namesQuestion(object)):
			if tool.Snake(name) != known {
				s.note(fmt.Sprintf("%s taken as %s", name, known))
			}
			s.changed = true
			answer[known] = value
		case slices.Contains(besides, tool.Snake(name)):
			left = append(left, name)
		default:
			answer[name] = value // for the schema to refuse
		}
	}
	if len(left) > 0 {
		s.note("left out: " + strings.Join(left, ", "))
	}
	s.outcome(answer)
	return answer
}

// namesQuestion reports an answer that names its slot or question by a member that
// means nothing else.
func namesQuestion(object map[string]any) bool {
	for name := range object {
		if known, _ := memberNamed(name); (known == "slot" || known == "question_number" || known == "question_id") && !slices.Contains(besides, tool.Snake(name)) {
			return true
		}
	}
	return false
}

// outcome spells an outcome as the schema does. A member that says something else by
// that name, such as a status of the client's own, stays for the schema to refuse.
func (s *rewriting) outcome(answer map[string]any) {
	text, ok := answer["outcome"].(string)
	if !ok {
		return
	}
	folded := strings.Trim(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '/' || r == '\'' || r == '’' {
			return '_'
		}
		return r
	}, strings.ToLower(strings.TrimSpace(text))), "_")
	if other := outcomes[folded]; other != "" {
		folded = other
	}
	if folded != text {
		s.note(fmt.Sprintf("outcome %s taken as %s", text, folded))
		answer["outcome"] = folded
	}
}

// allDigits matches a question's number. A slot's key may hold digits, but not be made
// of them alone.
var allDigits = lazyregexp.New(`^[0-9]{1,6}$`)

// mapped makes answers of a map from a slot, a question's number or its id to a value
// or an answer. A map has no order of its own; it is taken in that of its keys, which
// is the same for a repeated call and hence its fingerprint.
func (s *rewriting) mapped(object map[string]any) []any {
	list := []any{}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		value := object[key]
		if text, isText := value.(string); value == nil || isText && strings.TrimSpace(text) == "" {
			continue // nothing was said
		}
		answer := map[string]any{"value": value}
		if inner, ok := value.(map[string]any); ok && isAnswer(withSlot(inner)) {
			answer = s.answer(inner)
		}
		switch {
		case allDigits.MatchString(key):
			answer["question_number"] = json.Number(key)
		case strings.Contains(key, ":"):
			answer["question_id"] = key
		default:
			answer["slot"] = key
		}
		list = append(list, answer)
	}
	return list
}

// withSlot is the answer as it will be once the map's key has named it.
func withSlot(answer map[string]any) map[string]any {
	named := maps.Clone(answer)
	named["slot"] = true
	return named
}
