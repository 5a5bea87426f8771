package slotspec

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// variant is one of several shapes of an object, of which a property with a fixed value
// tells which it is: "kind": "cat" or "kind": "dog". Generators write it as a
// discriminated union. The person is asked for the tag, and then for the parts of the
// shape that it stands for.
type variant struct {
	view
	tag any
}

// variantsIn are the shapes that alternatives are, and the name of their tag; "" where
// no property has another fixed value in each of them.
func (r *reader) variantsIn(path string, parts []view, discriminator any) (name string, all []variant) {
	var names []string
	if o, ok := discriminator.(*object); ok { // of OpenAPI and pydantic
		if text, ok := o.get("propertyName").(string); ok {
			names = append(names, text)
		}
	}
	properties, ok := parts[0].get("properties").(*object)
	if !ok {
		return "", nil
	}
	for _, m := range properties.members {
		names = append(names, m.name)
	}
	for _, name := range names {
		if all = r.taggedBy(path, name, parts); all != nil {
			return name, all
		}
	}
	return "", nil
}

// taggedBy are the shapes with their values of a property; nil unless each of them
// fixes another one.
func (r *reader) taggedBy(path, name string, parts []view) []variant {
	seen := map[any]bool{}
	var all []variant
	for _, part := range parts {
		properties, ok := part.get("properties").(*object)
		if !ok || !properties.has(name) {
			return nil
		}
		property, err := r.flatten(path, properties.get(name))
		if err != nil {
			return nil
		}
		value, fixed := property.fixed()
		if !fixed || seen[value] {
			return nil
		}
		seen[value] = true
		all = append(all, variant{part, value})
	}
	return all
}

// readVariants reads the tag of an object's shapes, and the parts of each, which apply
// where the tag says so. A part that several shapes have alike is asked for once.
func (r *reader) readVariants(path string, v view, at position) error {
	tag := questioning.Slot{Key: at.key + v.tag, Type: questioning.Choice, Required: at.required, When: at.when}
	for _, of := range v.variants {
		title := firstText(of.object, "title")
		if title != "" && letters(title) == letters(questioning.Render(of.tag, "")) {
			title = ""
		}
		tag.Options = append(tag.Options, questioning.Option{Value: of.tag, Title: title})
	}
	if err := checkOptions(path, tag.Options); err != nil {
		return err
	}
	steps := append(slices.Clip(at.steps), step{name: v.tag})
	of := at
	of.steps = steps
	if err := r.addSlot(join(path, v.tag), tag, of, place{steps: steps}); err != nil {
		return err
	}
	shared := map[string][]byte{} // properties of earlier shapes, as JSON
	for _, one := range v.variants {
		properties := one.get("properties").(*object).clone()
		properties.delete(v.tag)
		for _, m := range slices.Clone(properties.members) {
			text, err := json.Marshal(m.value)
			if err != nil {
				return err
			}
			if earlier, given := shared[m.name]; given {
				if string(earlier) != string(text) {
					return cannot(join(path, m.name), "means something else in each of the alternatives; give it a name of its own in each")
				}
				r.alsoWhen(at.key+m.name, tag.Key, one.tag)
				properties.delete(m.name)
			}
			shared[m.name] = text
		}
		if len(properties.members) == 0 {
			continue
		}
		shape := view{object: one.clone()}
		shape.set("properties", properties)
		if names, err := stringsOf("", one.get("required")); err == nil {
			required := []any{}
			for _, name := range names {
				if properties.has(name) {
					required = append(required, name)
				}
			}
			shape.set("required", required)
		}
		of := at
		of.when = &questioning.Condition{Slot: tag.Key, In: []any{one.tag}}
		if err := r.readParts(path, shape, of); err != nil {
			return err
		}
	}
	return nil
}

// alsoWhen has the slots of a property apply for one more value of the tag.
func (r *reader) alsoWhen(key, tag string, value any) {
	for i, s := range r.slots {
		if s.When != nil && s.When.Slot == tag && (s.Key == key || strings.HasPrefix(s.Key, key+".") || strings.HasPrefix(s.Key, key+"[") || s.Key == key+countKey) {
			r.slots[i].When = &questioning.Condition{Slot: tag, In: append(slices.Clip(s.When.In), value)}
		}
	}
}
