package slotspec

import (
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// readOptions reads what a schema enumerates, with the titles that its dialect
// keeps beside; nil when it enumerates nothing. Values are strings, numbers or
// booleans, as they must be to be shown and compared; checkOptions bounds how many.
// A single option is returned as well: whether a fixed value needs a question is
// decided by single.
func (r *reader) readOptions(path string, v view) ([]questioning.Option, error) {
	switch {
	case v.has("enum"):
		return r.enumerated(path, v)
	case v.has("oneOf"):
		return titled(join(path, "oneOf"), v.get("oneOf").([]any))
	case v.has("const"):
		value, ok := plainValue(v.get("const"))
		if !ok {
			return nil, errorf(join(path, "const"), "must be a string, a number or a boolean")
		}
		return []questioning.Option{{Value: value}}, nil
	}
	return nil, nil
}

// titled reads options such as {"const": "a", "title": "Aisle"}.
func titled(path string, list []any) ([]questioning.Option, error) {
	var options []questioning.Option
	for i, one := range list {
		o := one.(*object)
		value, ok := plainValue(o.get("const"))
		if !ok {
			if o.get("const") == nil {
				continue // null: leaving it out says the same
			}
			return nil, errorf(indexed(path, i), "must be a string, a number or a boolean")
		}
		options = append(options, questioning.Option{Value: value, Title: firstText(o, "title", "label", "x-title", "description")})
	}
	return options, checkOptions(path, options)
}

// firstText is the first of the members that is a text and not blank.
func firstText(o *object, names ...string) string {
	for _, name := range names {
		if text, ok := o.get(name).(string); ok && strings.TrimSpace(text) != "" {
			return short(strings.TrimSpace(text))
		}
	}
	return ""
}

// titleKeywords hold the titles of an enum's values, as a list beside it or, by
// value, as an object: of react-jsonschema-form, NSwag, openapi-generator and
// editors. Those of the latter half are names in programs. JSON Schema has no
// keyword for them, so each tool has its own. The order decides where a schema has several.
var titleKeywords = []titleKeyword{
	{"enumNames", false}, {"x-enumNames", true}, {"x-enum-names", true}, {"x-enum-titles", false}, {"x-enumTitles", false}, {"enumTitles", false},
	{"enumLabels", false}, {"x-enum-labels", false}, {"x-enumLabels", false}, {"enum_titles", false}, {"x-enum-descriptions", false},
	{"x-enumDescriptions", false}, {"enumDescriptions", false}, {"markdownEnumDescriptions", false}, {"tsEnumNames", true},
	{"x-enum-varnames", true}, {"x-enum-var-names", true}, {"x-enum-keys", true},
}

type titleKeyword struct {
	name       string
	identifier bool
}

// enumerated reads enum, with the titles of the keyword that has them first.
func (r *reader) enumerated(path string, v view) ([]questioning.Option, error) {
	at := join(path, "enum")
	values, err := listOf(at, v.get("enum"), "values")
	if err != nil {
		return nil, err
	}
	if len(values) > MaxOptions+1 { // one may be null
		return nil, errorf(at, "has %d options, at most %d are allowed", len(values), MaxOptions)
	}
	titles := r.titlesOf(path, v, values)
	var options []questioning.Option
	for i, one := range values {
		if one == nil {
			continue // an optional value; leaving it out says the same
		}
		value, ok := plainValue(one)
		if !ok {
			return nil, errorf(indexed(at, i), "must be a string, a number or a boolean")
		}
		option := questioning.Option{Value: value}
		if titles != nil && titles[i] != questioning.Render(value, "") {
			option.Title = titles[i]
		}
		options = append(options, option)
	}
	return options, checkOptions(at, options)
}

// titlesOf returns a title for each of an enum's values; nil without. A list is
// matched by position and therefore useless with another length than the enum's; it
// is reported, since the next keyword may still serve.
func (r *reader) titlesOf(path string, v view, values []any) []string {
	for _, keyword := range titleKeywords {
		titles := make([]string, len(values))
		switch names := v.get(keyword.name).(type) {
		case []any:
			if len(names) != len(values) {
				r.notes.add(join(path, keyword.name), "is set aside: it has %d entries for %d values", len(names), len(values))
				continue
			}
			for i, name := range names {
				titles[i], _ = name.(string)
			}
		case *object:
			for i, value := range values {
				if plain, ok := plainValue(value); ok {
					titles[i], _ = names.get(questioning.Render(plain, "")).(string)
				}
			}
		default:
			continue
		}
		for i, title := range titles {
			if titles[i] = short(strings.TrimSpace(title)); keyword.identifier {
				titles[i] = titleFrom(lowered(titles[i]))
			}
		}
		return titles
	}
	return microsoft(v, values)
}

// lowered is FIRST_CLASS in lower case, and FirstClass as it is. Capitals
// throughout carry no word boundaries, while those of FirstClass do, and titleFrom
// needs them.
func lowered(name string) string {
	if strings.ToUpper(name) == name {
		return strings.ToLower(name)
	}
	return name
}

// microsoft reads x-ms-enum: {values: [{value, name, description}]}. It is
// AutoRest's extension, whose entries are matched by value, not by position:
// https://azure.github.io/autorest/extensions/#x-ms-enum.
func microsoft(v view, values []any) []string {
	extension, ok := v.get("x-ms-enum").(*object)
	if !ok {
		return nil
	}
	list, _ := extension.get("values").([]any)
	titles := make([]string, len(values))
	for _, one := range list {
		o, ok := one.(*object)
		if !ok {
			continue
		}
		wanted, known := plainValue(o.get("value"))
		for i, value := range values {
			if plain, ok := plainValue(value); ok && known && plain == wanted {
				titles[i] = firstText(o, "description")
				if titles[i] == "" {
					titles[i] = titleFrom(lowered(firstText(o, "name")))
				}
			}
		}
	}
	return titles
}

// short cuts a text to the length of a title.
func short(text string) string { return plain.Excerpt(text, MaxTitle) }
