package playbook

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/slotspec"
	"github.com/sequential-questioning/sequential-questioning/shared/schema"
)

//go:embed playbook.schema.json
var schemaFile []byte

// compiled is the schema of a playbook's file. Editors use the same file for
// completion.
var compiled = sync.OnceValue(func() *jsonschema.Schema {
	s, err := schema.Compile(context.Background(), schemaFile)
	if err != nil {
		panic(fmt.Sprintf("compile playbook.schema.json: %v", err))
	}
	return s
})

// document is a playbook's file.
type document struct {
	Name        string           `json:"name"`
	Title       string           `json:"title"`
	Description string           `json:"description"`
	Goals       []string         `json:"goals"`
	Cues        Cues             `json:"cues"`
	Slots       []map[string]any `json:"slots"`
}

// check reads a playbook and checks it against the schema and the rules that a schema
// cannot express. An error names the line and the field.
func check(raw []byte) (Playbook, error) {
	root, err := parse(raw)
	if err != nil {
		return Playbook{}, err
	}
	value, err := toJSON(root)
	if err != nil {
		return Playbook{}, err
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
	if err != nil {
		return Playbook{}, err
	}
	if problems := schema.Problems(compiled(), instance); len(problems) > 0 {
		return Playbook{}, firstPlace(root, problems)
	}
	p, err := decode(value)
	if err == nil {
		err = checkConditions(p.Slots)
	}
	var problem *slotspec.Error
	if errors.As(err, &problem) {
		return Playbook{}, at(root, slotPath(p.Slots, problem.Path), problem.Problem)
	}
	return p, err
}

// read reads a playbook that is known to be sound.
func read(raw []byte) (Playbook, error) {
	root, err := parse(raw)
	if err != nil {
		return Playbook{}, err
	}
	value, err := toJSON(root)
	if err != nil {
		return Playbook{}, err
	}
	return decode(value)
}

// decode reads the slots as the list form of information_needed, except that
// what does not say so is not required.
func decode(value []byte) (Playbook, error) {
	var d document
	if err := json.Unmarshal(value, &d); err != nil {
		return Playbook{}, err
	}
	p := Playbook{Name: d.Name, Title: d.Title, Description: strings.TrimSpace(d.Description), Goals: d.Goals, Cues: d.Cues}
	if len(d.Slots) == 0 {
		return p, nil
	}
	for _, slot := range d.Slots {
		if slot["required"] == nil {
			slot["required"] = false
		}
	}
	var err error
	if p.Slots, err = readSlots(d.Slots, written); err != nil {
		return p, err
	}
	for _, language := range languagesOf(d.Slots) {
		if p.translated == nil {
			p.translated = map[string][]questioning.Slot{}
		}
		if p.translated[language], err = readSlots(d.Slots, language); err != nil {
			return p, err
		}
	}
	return p, nil
}

// readSlots reads slots as a caller's list form of information_needed, in one
// language.
func readSlots(all []map[string]any, language string) ([]questioning.Slot, error) {
	list, err := json.Marshal(inLanguage(all, language))
	if err != nil {
		return nil, err
	}
	wanted, err := slotspec.Read(context.Background(), list) // a file of the operator's
	return wanted.Slots, err
}

// checkConditions verifies that conditions name slots further up and values that
// those can hold. slotspec only checks that the slot exists. A condition on a later
// slot would let a playbook ask in another order than its file reads, and a value
// that cannot be hides the slot for ever.
func checkConditions(slots []questioning.Slot) error {
	for i, slot := range slots {
		if slot.When == nil {
			continue
		}
		path := fmt.Sprintf("[%d].when", i)
		on := slices.IndexFunc(slots[:i], func(s questioning.Slot) bool { return s.Key == slot.When.Slot })
		if on < 0 {
			return &slotspec.Error{Path: path + ".slot", Problem: fmt.Sprintf("%q has to come before %q", slot.When.Slot, slot.Key)}
		}
		possible := values(slots[on])
		for _, v := range slot.When.In {
			if possible != nil && !slices.Contains(possible, v) {
				return &slotspec.Error{Path: path, Problem: fmt.Sprintf("%v is no value of %q; %s are", v, slot.When.Slot, listed(possible))}
			}
		}
	}
	return nil
}

// values are all that a slot can hold, or nil.
func values(slot questioning.Slot) []any {
	if slot.Type == questioning.Boolean {
		return []any{true, false}
	}
	var all []any
	for _, o := range slot.Options {
		all = append(all, o.Value)
	}
	return all
}

// listed writes values for an error.
func listed(values []any) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, ", ")
}

// parse reads YAML into the node of its one document.
func parse(raw []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	var file, second yaml.Node
	if err := decoder.Decode(&file); errors.Is(err, io.EOF) {
		return nil, errors.New("is empty")
	} else if err != nil {
		return nil, readable(err)
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, errors.New("holds more than one playbook; a file is one")
	}
	return file.Content[0], nil
}
