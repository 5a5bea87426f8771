// Package arguments reads the arguments of the tools as models write them: a map
// for a list, one answer for a list of one, a transcript for messages, "3" for 3.
// It changes the form of what was sent and never guesses at words, and it says
// what it took differently. It is the bottom floor of the conversation service.
package arguments

import "encoding/json"

// Shapes read other forms of arguments that models write, by the argument's name: see
// tool.Shape. Each returns the argument as its schema has it and notes for the caller,
// or the argument as it came and none. It runs before the schema is checked, so it has
// to take anything.
func Shapes() map[string]func(json.RawMessage) (json.RawMessage, []string) {
	return map[string]func(json.RawMessage) (json.RawMessage, []string){
		"information_needed": shapeNeeded,
		"answers":            shapeAnswers,
		"known":              shapeAnswers,
		"previous_messages":  shapeMessages,
	}
}

// shapeNeeded takes the list out of {"slots": [...]}, the form that is declared. A JSON
// Schema has properties, and a list is one already. It adds no note: this form is the
// declared one, and nothing was taken differently.
func shapeNeeded(raw json.RawMessage) (json.RawMessage, []string) {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || members["slots"] == nil {
		return raw, nil
	}
	for name, value := range members {
		if name != "slots" && string(value) != "null" {
			return raw, nil
		}
	}
	slots := members["slots"]
	var text string
	if json.Unmarshal(slots, &text) == nil && json.Valid([]byte(text)) {
		slots = json.RawMessage(text)
	}
	switch slots[0] {
	case '[':
		return slots, nil
	case 'n': // null, as a strict model writes what it leaves out
		return nil, nil
	}
	return raw, nil
}
