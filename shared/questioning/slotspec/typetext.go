package slotspec

import (
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/lazyregexp"
)

// A type in words is what a map has for a name: "number", "string[]", "'a' | 'b'",
// "one of: low, high", "number (1-9)", "string, optional". Models write them as
// TypeScript and Python have them, and as people do. typeText returns the schema,
// and false for what is no type: a description, or a typing error.
func typeText(text string) (schema *object, optional, ok bool) {
	if len(text) > longestType {
		return nil, false, false
	}
	text, optional = withoutOptional(strings.TrimSpace(text))
	if named, known := typeNamed(text); known {
		schema := schemaOf(named)
		if isNoun(text) {
			schema.set("description", text)
		}
		return schema, optional, true
	}
	if of := listItems(text); of != "" {
		items, _, known := typeText(of)
		if !known {
			return nil, false, false
		}
		return &object{[]member{{"type", "array"}, {"items", items}}}, optional, true
	}
	if match := enumeration.FindStringSubmatch(text); match != nil {
		if options := optionList(match[1]); len(options) > 1 {
			return &object{[]member{{"enum", options}}}, optional, true
		}
	}
	if parts := splitOutside(text, '|'); len(parts) > 1 {
		schema, null, ok := unionText(parts)
		return schema, optional || null, ok
	}
	if match := remark.FindStringSubmatch(text); match != nil { // "number (1-9)", "string - the city"
		if named, known := typeNamed(match[1]); known && named.kind != "" && !isNoun(match[1]) {
			schema = schemaOf(named)
			schema.set("description", strings.TrimSpace(strings.Join(match[2:], "")))
			return schema, optional, true
		}
	}
	return nil, false, false
}

// longestType bounds a type in words, in bytes: it is read once for each level of it.
const longestType = 500

// schemaOf is a named type as a schema.
func schemaOf(named namedType) *object {
	o := &object{}
	if named.kind != "" {
		o.set("type", named.kind)
	}
	if named.format != "" {
		o.set("format", named.format)
	}
	return o
}

var (
	optionalEnd = lazyregexp.New(`(?i)(?:\?|\s*[(,\[]?\s*\boptional\b\s*[)\]]?)$`)
	requiredEnd = lazyregexp.New(`(?i)\s*[(,\[]\s*\brequired\b\s*[)\]]?$`)
	optionalOf  = lazyregexp.New(`^(?i:optional)\s*[\[<](.+)[\]>]$`)
	genericList = lazyregexp.New(`^(?i:array|list|set|sequence)\s*[\[<](.+)[\]>]$`)
	listWords   = lazyregexp.New(`^(?i:an? )?(?i:list|array|set) of (?i:(string|text|number|integer|date|email|url)s?)$`)
	enumeration = lazyregexp.New(`^(?i:(?:an? )?(?:enum|one of|choice(?: of)?|choose from|any of))\s*[:(\[]\s*(.+?)[)\]]?$`)
	remark      = lazyregexp.New(`^([A-Za-z_/-]+)(?:\s*\((.+)\)|\s*:\s+(.+)|\s+[-–—]\s+(.+)|\s+((?:\d|[<>]|(?i:between|up to|at least|at most|min|max)\b).*))$`)
	// typedName is an entry of a list with its type: "budget: number", "budget (number)".
	typedName  = lazyregexp.New(`^([^:?()]+?)\s*(?::\s*([^:]+)|\(([^()]+)\))$`)
	literal    = lazyregexp.New(`^(?:'([^']*)'|"([^"]*)")$`)
	bareOption = lazyregexp.New(`^[\pL\pN][\pL\pN _.+-]{0,40}$`)
)

// withoutOptional takes off what says that a value may be left out: "string?",
// "string (optional)", "Optional[str]".
func withoutOptional(text string) (string, bool) {
	text = requiredEnd.ReplaceAllString(text, "")
	if match := optionalOf.FindStringSubmatch(text); match != nil {
		return match[1], true
	}
	if at := optionalEnd.FindStringIndex(text); at != nil && at[0] > 0 {
		if rest := strings.TrimSpace(text[:at[0]]); text[at[0]:] != "?" || !strings.Contains(rest, " ") { // "Who pays?" asks
			return rest, true
		}
	}
	return text, false
}

// listItems is the type of a list's entries: of "string[]", "Array<string>",
// "list[str]" and "list of numbers".
func listItems(text string) string {
	if items, found := strings.CutSuffix(text, "[]"); found {
		return strings.Trim(items, "() ")
	}
	for _, form := range []*lazyregexp.Regexp{genericList, listWords} {
		if match := form.FindStringSubmatch(text); match != nil {
			return match[1]
		}
	}
	return ""
}

// unionText reads the parts of "'a' | 'b'", "red|green" or "number | null".
func unionText(parts []string) (schema *object, null, ok bool) {
	var options []any
	var types []*object
	for _, part := range parts {
		part = strings.TrimSpace(part)
		if lower := strings.ToLower(part); lower == "null" || lower == "none" || lower == "undefined" {
			null = true
			continue
		}
		if match := literal.FindStringSubmatch(part); match != nil {
			options = append(options, match[1]+match[2])
			continue
		}
		if of, _, known := typeText(part); known {
			types = append(types, of)
			continue
		}
		if !bareOption.MatchString(part) {
			return nil, false, false
		}
		options = append(options, part)
	}
	switch {
	case len(types) == 0 && len(options) > 1:
		return &object{[]member{{"enum", options}}}, null, true
	case len(types) == 1 && len(options) == 0:
		return types[0], null, true
	case len(types) > 1 && len(options) == 0:
		branches := make([]any, len(types))
		for i, of := range types {
			branches[i] = of
		}
		return &object{[]member{{"anyOf", branches}}}, null, true
	}
	return nil, false, false
}

// optionList are the options of "S, M or 'L'".
func optionList(text string) []any {
	separator := ','
	if strings.Contains(text, "|") {
		separator = '|'
	}
	var options []any
	for _, one := range splitOutside(strings.ReplaceAll(text, " or ", ", "), separator) {
		one = strings.TrimSpace(one)
		if match := literal.FindStringSubmatch(one); match != nil {
			one = match[1] + match[2]
		}
		if one == "" {
			continue
		}
		if !bareOption.MatchString(one) {
			return nil
		}
		options = append(options, one)
	}
	return options
}

// splitOutside splits a text at a character outside of quotes and brackets.
func splitOutside(text string, at rune) []string {
	var parts []string
	var quote rune
	depth, from := 0, 0
	for i, r := range text {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '\'' || r == '"':
			quote = r
		case strings.ContainsRune("<([{", r):
			depth++
		case strings.ContainsRune(">)]}", r):
			depth--
		case r == at && depth == 0:
			parts = append(parts, text[from:i])
			from = i + len(string(r))
		}
	}
	return append(parts, text[from:])
}

// objectText reads "{start: date, end?: date}", a type of TypeScript, as a map; nil
// for another text.
func objectText(text string) *object {
	text = strings.TrimSpace(text)
	if len(text) > longestType || !strings.HasPrefix(text, "{") || !strings.HasSuffix(text, "}") {
		return nil
	}
	inner := strings.ReplaceAll(text[1:len(text)-1], ";", ",")
	o := &object{}
	for _, part := range splitOutside(inner, ',') {
		if strings.TrimSpace(part) == "" {
			continue
		}
		name, value, found := strings.Cut(part, ":")
		if name = strings.Trim(strings.TrimSpace(name), `"'`); !found || name == "" || o.has(name) {
			return nil
		}
		o.set(name, strings.TrimSpace(value))
	}
	if len(o.members) == 0 {
		return nil
	}
	return o
}

// isNoun reports a type that is a description as well.
func isNoun(text string) bool {
	return slices.Contains(strings.Fields(nouns), joints.Replace(strings.ToLower(text)))
}

// isTypeText reports a text that is a type, and nothing else.
func isTypeText(value any) bool {
	text, isText := value.(string)
	if !isText || isNoun(text) {
		return false
	}
	_, _, ok := typeText(text)
	return ok
}

// allOfKind reports an object all of whose members are of a kind.
func allOfKind(o *object, is func(any) bool) bool {
	return len(o.members) > 0 && !slices.ContainsFunc(o.members, func(m member) bool { return !is(m.value) })
}
