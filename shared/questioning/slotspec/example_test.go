package slotspec_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning/slotspec"
)

// A schema as zod or pydantic write it becomes slots, and what they hold comes
// back in its shape.
func ExampleRead() {
	spec, err := slotspec.Read(context.Background(), []byte(`{
		"type": "object", "required": ["delivery"],
		"properties": {
			"delivery": {"type": "object", "required": ["street"], "properties": {"street": {"type": "string"}, "zip": {"type": ["string", "null"]}}},
			"weight_kg": {"type": "number", "exclusiveMinimum": 0}
		}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, slot := range spec.Slots {
		fmt.Println(slot.Key, slot.Type, slot.Title, slot.Required)
	}
	values, _ := json.Marshal(spec.Values(map[string]any{"delivery.street": "Kantstr. 1", "weight_kg": 2.5}, true))
	fmt.Println(string(values))
	// Output:
	// delivery.street string Street (Delivery) true
	// delivery.zip string ZIP (Delivery) false
	// weight_kg number Weight (kg) false
	// {"delivery":{"street":"Kantstr. 1"},"weight_kg":2.5}
}

// A short list serves where no schema is at hand.
func ExampleRead_list() {
	spec, _ := slotspec.Read(context.Background(), []byte(`["budget", {"key": "deadline", "type": "date", "required": false}]`))
	for _, slot := range spec.Slots {
		fmt.Println(slot.Key, slot.Type, slot.Required)
	}
	// Output:
	// budget string true
	// deadline date false
}
