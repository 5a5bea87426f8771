package playbook

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/schema"
)

// toJSON turns YAML into JSON. What YAML takes for a point in time stays text, and
// names are text always. So a file is checked by the same schema code as everything
// else, and "2026-01-31" is the text that its author sees.
func toJSON(root *yaml.Node) ([]byte, error) {
	asText(root)
	var value any
	if err := root.Decode(&value); err != nil {
		return nil, readable(err)
	}
	return json.Marshal(value)
}

// asText keeps names and points in time as they are written.
func asText(node *yaml.Node) {
	if node.ShortTag() == "!!timestamp" {
		node.SetString(node.Value)
	}
	for i, child := range node.Content {
		if node.Kind == yaml.MappingNode && i%2 == 0 && child.Kind == yaml.ScalarNode && child.ShortTag() != "!!merge" {
			child.SetString(child.Value)
		}
		asText(child)
	}
}

// firstPlace makes an error of all that is wrong at the first place.
func firstPlace(root *yaml.Node, problems []schema.Problem) error {
	var texts []string
	for _, p := range problems {
		if slices.Equal(p.Location, problems[0].Location) {
			texts = append(texts, p.Text)
		}
	}
	return at(root, problems[0].Location, strings.Join(texts, "; "))
}

// at makes an error of a problem at a place.
func at(root *yaml.Node, path []string, problem string) error {
	return fmt.Errorf("line %d, %s: %s", line(root, path), dotted(path), problem)
}

// line is where a path leads, or the nearest place above it. What is missing has no
// line; the object that lacks it has.
func line(node *yaml.Node, path []string) int {
	for _, step := range path {
		next := child(node, step)
		if next == nil {
			break
		}
		node = next
	}
	return node.Line
}

// child is one step of a path down, nil where it leads nowhere.
func child(node *yaml.Node, step string) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	switch node.Kind {
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && i < len(node.Content) {
			return node.Content[i]
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == step {
				return node.Content[i+1]
			}
		}
	}
	return nil
}

// dotted writes a path as slots[3].type.
func dotted(path []string) string {
	if len(path) == 0 {
		return "the playbook"
	}
	var b strings.Builder
	for i, step := range path {
		if _, err := strconv.Atoi(step); err == nil {
			fmt.Fprintf(&b, "[%s]", step)
			continue
		}
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(step)
	}
	return b.String()
}

// slotPath leads from the root to a place within the slots: [3].type, or
// key.type.
func slotPath(slots []questioning.Slot, path string) []string {
	steps := strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune("[].", r) })
	if len(steps) > 0 {
		if i := slices.IndexFunc(slots, func(s questioning.Slot) bool { return s.Key == steps[0] }); i >= 0 {
			steps[0] = strconv.Itoa(i)
		}
	}
	return append([]string{"slots"}, steps...)
}

// readable is an error of the YAML reader without its name.
func readable(err error) error { return errors.New(strings.TrimPrefix(err.Error(), "yaml: ")) }
