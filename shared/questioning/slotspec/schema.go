package slotspec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// Bounds on a list of objects. Each entry has slots of its own, which apply once the
// person has said how many entries there are: three travellers with four properties
// are twelve questions. The slots of all possible entries exist from the start, so
// that a conversation's slots never change; hence the bounds, below MaxSlots.
const (
	maxEntries    = 5  // asked for where the schema does not say how many
	maxMinEntries = 20 // a list that has to have more cannot be asked for
)

// readSchema reads the slots of a normalized schema. Keywords that relate several
// values to each other (if, not, dependentRequired) choose no question; x-when
// does. The report validates the values against the document, so they are not lost.
func readSchema(root *object, notes *notes) (*reader, error) {
	r := newReader(root, notes)
	top, err := r.flatten("", root)
	if err != nil {
		return nil, err
	}
	if kind := top.get("type"); kind != nil && kind != "object" {
		return nil, errorf("type", `must be "object": what is wanted are its properties`)
	}
	if !top.has("properties") && top.variants == nil {
		return nil, errorf("", `needs "properties": an object of what is wanted`)
	}
	for _, name := range []string{"not", "if", "patternProperties", "dependentSchemas", "dependentRequired", "propertyNames"} {
		if top.has(name) && !(name == "if" && top.has(conditionsRead)) {
			r.notes.add(name, "is set aside: the report says whether the values satisfy it")
		}
	}
	if top.variants != nil {
		if err := r.readVariants("", top, position{required: true}); err != nil {
			return nil, err
		}
	}
	if top.has("properties") {
		if err := r.readParts("", top, position{required: true}); err != nil {
			return nil, err
		}
	}
	if len(r.slots) == 0 {
		return nil, errorf("properties", "leaves nothing to ask for: every value is fixed, or set aside")
	}
	r.resolveConditions()
	return r, nil
}

// begin has a document that only defines schemas, as one of OpenAPI does, refer to
// the one of them that no other refers to. With several candidates it asks the
// caller rather than guess. A reference is looked for in the document's text, which
// is cheaper than a walk and can only err on the side of asking.
func begin(root *object) error {
	if slices.ContainsFunc([]string{"properties", "$ref", "allOf", "anyOf", "oneOf", "type"}, root.has) {
		return nil
	}
	if bodies := requestBodies(root); len(bodies) == 1 {
		root.set("allOf", bodies)
		return nil
	}
	for _, at := range []string{"components/schemas", "$defs", "definitions"} {
		found, _ := lookup(root, "#/"+at)
		all, ok := found.(*object)
		if !ok {
			continue
		}
		if len(all.members) > MaxSlots {
			return whichSchema(at)
		}
		text, err := json.Marshal(all)
		if err != nil {
			return fmt.Errorf("write schema: %w", err)
		}
		var free []string
		for _, m := range all.members {
			ref, _ := json.Marshal("#/" + at + "/" + m.name)
			if of, ok := m.value.(*object); ok && (of.has("properties") || of.has("allOf")) && !bytes.Contains(text, ref) {
				free = append(free, m.name)
			}
		}
		if len(free) != 1 {
			return whichSchema(at)
		}
		root.set("$ref", "#/"+at+"/"+free[0])
		return nil
	}
	return nil
}

// requestBodies are the schemas of JSON that the operations of an OpenAPI document take.
func requestBodies(root *object) []any {
	var bodies []any
	paths, ok := root.get("paths").(*object)
	if !ok {
		return nil
	}
	for _, path := range paths.members {
		operations, ok := path.value.(*object)
		if !ok {
			continue
		}
		for _, operation := range operations.members {
			schema, found := lookup(operation.value, "#/requestBody/content/application~1json/schema")
			if _, isSchema := schema.(*object); found && isSchema {
				bodies = append(bodies, schema)
			}
		}
	}
	return bodies
}

// whichSchema is the error of several definitions of which none is chosen.
func whichSchema(at string) error {
	return errorf(strings.ReplaceAll(at, "/", "."), `does not say which of its schemas is wanted; add "$ref": "#/%s/Name" beside it`, at)
}

// readParts reads what an object has, in its order. Order matters: it is the order
// of the questions where nothing else decides it, and that of forms.
func (r *reader) readParts(path string, v view, at position) error {
	in := join(path, "properties")
	properties, ok := v.get("properties").(*object)
	if !ok {
		return errorf(in, "must be an object of what is wanted")
	}
	if len(properties.members) == 0 {
		return errorf(in, "is empty: name at least one thing wanted")
	}
	if n := len(properties.members); n > MaxSlots {
		return errorf(in, "has %d entries, at most %d can be asked for", n, MaxSlots)
	}
	required, err := requiredOf(path, v, properties)
	if err != nil {
		return err
	}
	var unaskable error
	// An optional part that cannot be asked for is set aside, unless the object
	// would have no part left: then its reason is the better error than "nothing to
	// ask for".
	read := len(r.slots)
	for _, m := range properties.members {
		needed := slices.Contains(required, m.name)
		if of, ok := m.value.(*object); ok && of.get(requiredThere) == true {
			needed = true
		}
		before := len(r.slots)
		err := r.property(join(in, m.name), m.name, m.value, at, needed)
		var unasked cannotAsk
		if errors.As(err, &unasked) && !needed {
			r.rewind(before)
			r.notes.add(unasked.problem.Path, "is set aside: it %s", unasked.problem.Problem)
			if unaskable == nil {
				unaskable = err
			}
			continue
		}
		if err != nil {
			return err
		}
	}
	if len(r.slots) == read && unaskable != nil {
		return unaskable // nothing else is wanted
	}
	return nil
}

// rewind drops the slots of a property that turned out not to be askable.
func (r *reader) rewind(to int) {
	for _, s := range r.slots[to:] {
		delete(r.seen, s.Key)
	}
	r.slots, r.places = r.slots[:to], r.places[:to]
}

// requiredOf are the names that an object requires, each of one of its properties.
func requiredOf(path string, v view, properties *object) ([]string, error) {
	if !v.has("required") {
		return nil, nil
	}
	at := join(path, "required")
	names, err := stringsOf(at, v.get("required"))
	if err != nil {
		return nil, errorf(at, "must be a list of property names")
	}
	for i, name := range names {
		if !properties.has(name) {
			return nil, errorf(indexed(at, i), "there is no property %q", name)
		}
	}
	return names, nil
}

// property reads one property: a slot, or those of an object or of a list of
// objects. Keys of nested properties are dotted paths ("address.city"), entries of
// lists have their position ("guests[0].name"). They are what answers name, so they
// must stay the same for the same document.
func (r *reader) property(path, name string, raw any, at position, required bool) error {
	key := at.key + name
	if len(key) > MaxKey { // every path below it would repeat it
		return keyLength(path)
	}
	v, err := r.flatten(path, raw)
	if err != nil {
		return err
	}
	if v.get("writeOnly") == true {
		return secretError(join(path, "writeOnly"), "a secret")
	}
	// What may be null need not be asked for: a required nullable is filled in as
	// null at the end (see filler).
	at.required = at.required && required && !v.nullable
	at.listed = required
	at.steps = append(slices.Clip(at.steps), step{name: name})
	for _, name := range []string{"when", "x-when"} {
		if !v.has(name) {
			continue
		}
		if at.when, err = readCondition(join(path, name), v.get(name)); err != nil {
			return err
		}
		r.scopes[at.when] = at.key
	}
	switch {
	case v.has("properties") || v.variants != nil:
		at.titles = append(slices.Clip(at.titles), titleOf(v, name))
		at.key = key + "."
		if v.variants != nil {
			if err := r.readVariants(path, v, at); err != nil {
				return err
			}
		}
		if !v.has("properties") {
			return nil
		}
		return r.readParts(path, v, at)
	case v.get("type") == "object":
		return cannot(path, "is an object without properties, which cannot be asked for in one question; name each of its parts in its properties")
	case v.get("type") == "array" || v.get("type") == nil && v.has("items") && optionsIn(v) == nil:
		return r.array(path, name, v, at)
	}
	return r.single(path, name, v, at)
}

// single reads a property that is asked for by one question. A value that the
// schema fixes gets no slot, and the report has it all the same. That holds for
// const always, and for an enumeration with one value only where it is required or
// the default; an optional one is a choice between it and nothing.
func (r *reader) single(path, name string, v view, at position) error {
	slot := questioning.Slot{Key: at.key + name, Required: at.required, When: at.when}
	if err := r.describe(path, v, &slot); err != nil {
		return err
	}
	if err := r.typed(path, v, &slot); err != nil {
		return err
	}
	given := slot.Default != nil
	if _, fixed := v.fixed(); fixed && (v.has("const") || at.listed || given) { // the schema says it; the report has it
		return r.checkDefault(path, &slot)
	}
	return r.addSlot(path, slot, at, place{steps: at.steps})
}

// addSlot adds a slot that has been read. It is the only place where a slot enters
// the specification, so everything that holds for all slots is checked here: key,
// title, secrets, bounds, default, number of slots. Titles of nested slots name the
// objects around them, since "City" alone does not say whose.
func (r *reader) addSlot(path string, slot questioning.Slot, at position, p place) error {
	if name := at.steps[len(at.steps)-1].name; slot.Title == "" || isKeyAgain(slot.Title, name) {
		slot.Title = titleFrom(name)
	}
	if len(at.titles) > 0 {
		slot.Title = short(slot.Title + " (" + strings.Join(at.titles, ", ") + ")")
	}
	if err := finish(path, &slot, &r.patterns); err != nil {
		return err
	}
	if err := r.checkDefault(path, &slot); err != nil {
		return err
	}
	if r.seen[slot.Key] {
		if r.list && !strings.ContainsAny(slot.Key, ".[") {
			return errorf(path, "the key %q is given twice", slot.Key)
		}
		return errorf(path, "the key %q is given twice: by a property of that name, and by one within an object", slot.Key)
	}
	if len(r.slots) == MaxSlots {
		return errorf(path, "is one thing too many: at most %d can be asked for, parts of objects and entries of lists counted", MaxSlots)
	}
	r.seen[slot.Key] = true
	r.slots, r.places = append(r.slots, slot), append(r.places, p)
	return nil
}

// titleOf is a schema's title, or one made of its name.
func titleOf(v view, name string) string {
	if title := firstText(v.object, "title", "label"); title != "" && !isKeyAgain(title, name) {
		return title
	}
	return titleFrom(name)
}

// ignored are keywords that no answer is checked against when it is given. The
// report says whether the values satisfy them.
var ignored = []string{"multipleOf", "not", "if", "dependentSchemas", "dependentRequired", "contains", "minContains",
	"maxContains", "patternProperties", "unevaluatedProperties", "unevaluatedItems"}

// describe reads into a slot what its schema says beside its type.
//
// Type and format are read by typed, which needs the options that describe has
// found. Texts beyond their bounds are refused; annotations of tools are ignored.
func (r *reader) describe(path string, v view, slot *questioning.Slot) error {
	var err error
	if slot.Options, err = r.readOptions(path, v); err != nil {
		return err
	}
	for _, m := range v.members {
		at := join(path, m.name)
		switch {
		case m.name == "exclusiveMinimum" || m.name == "exclusiveMaximum":
			err = readExclusive(at, m, v.get("type"), slot)
		case m.name == "when" || m.name == "x-when": // read before, objects have it too
		case m.name == "multipleOf" && numberIs(m.value, 1): // an integer
		case slices.Contains(ignored, m.name):
			r.notes.add(at, "is set aside: answers are not held against it, the report's values are")
		default:
			_, err = common(at, m, slot)
		}
		if err != nil {
			return err
		}
	}
	dropSafe(slot)
	return nil
}

// numberIs reports a JSON number of that value.
func numberIs(v any, want float64) bool {
	n, ok := plainValue(v)
	return ok && n == want
}

// maxSafe is the largest integer that JavaScript holds exactly. See
// Number.MAX_SAFE_INTEGER in ECMAScript; zod writes it for every int().
const maxSafe = 1<<53 - 1

// dropSafe leaves out the bounds of machine integers, which generators write and
// which mean nothing to a person.
func dropSafe(slot *questioning.Slot) {
	if slot.Minimum != nil && (*slot.Minimum <= -maxSafe || *slot.Minimum == math.MinInt32) {
		slot.Minimum = nil
	}
	if slot.Maximum != nil && (*slot.Maximum >= maxSafe || *slot.Maximum == math.MaxInt32 || *slot.Maximum == math.MaxUint32) {
		slot.Maximum = nil
	}
}

// typed settles the slot's type from what its schema says. Options win over the
// type: an enumeration of integers is still a choice. A schema without a type is
// text, which holds any answer. Anything secret is refused here by its format;
// finish looks at names and descriptions too.
func (r *reader) typed(path string, v view, slot *questioning.Slot) error {
	if format, ok := v.get("format").(string); v.has("format") && !ok {
		return errorf(join(path, "format"), "must be a string")
	} else if len(format) > MaxKey {
		return errorf(join(path, "format"), "has %d characters, at most %d are allowed", len(format), MaxKey)
	}
	format, _ := v.get("format").(string)
	if format == "password" {
		return secretError(join(path, "format"), "a password")
	}
	kind, isText := v.get("type").(string)
	if fixed, isBool := v.get("const").(bool); isBool { // agreeing is the person's
		slot.Type, slot.Options = questioning.Boolean, nil
		if !fixed {
			r.notes.add(join(path, "const"), "is set aside: the report says whether the answer is it")
		}
		return nil
	}
	switch {
	case v.has("type") && !isText:
		return errorf(join(path, "type"), "must be a type name or a list of them")
	case len(slot.Options) > 0 && onlyBooleans(slot.Options):
		slot.Type, slot.Options = questioning.Boolean, nil // yes and no, or agreeing
	case len(slot.Options) > 0:
		slot.Type = questioning.Choice
	case kind == "string" || kind == "":
		if v.has("contentMediaType") || format == "binary" || format == "byte" {
			return cannot(path, "is a file, which cannot be asked for; ask for its address (format uri)")
		}
		if slot.Type = formatType(format); slot.Type != questioning.Text {
			slot.Pattern = "" // the format says as much, and shows better
		}
	case kind == "integer":
		slot.Type = questioning.Integer
	case kind == "number":
		slot.Type = questioning.Number
	case kind == "boolean":
		slot.Type = questioning.Boolean
	case kind == "null":
		return cannot(join(path, "type"), "is null alone, which nobody can be asked for")
	default:
		return cannot(join(path, "type"), "%q cannot be asked for; string, number, integer, boolean, array or object can", kind)
	}
	return nil
}

// onlyBooleans reports options that are true or false without a title of their own.
func onlyBooleans(options []questioning.Option) bool {
	return !slices.ContainsFunc(options, func(o questioning.Option) bool { _, is := o.Value.(bool); return !is || o.Title != "" })
}

// array reads a list of texts or numbers, of options, or of objects. The person
// answers a list in one reply ("tea, coffee and milk"). Entries are kept as text,
// also numbers, because a list slot holds texts; place.numbers has Values convert
// them.
func (r *reader) array(path, name string, v view, at position) error {
	if v.has("prefixItems") {
		return cannot(path, "is a list with a meaning for each place, which cannot be asked for in one question; name each part as a property of its own")
	}
	slot := questioning.Slot{Key: at.key + name, Type: questioning.List, Required: at.required, When: at.when}
	in := join(path, "items")
	item := view{object: &object{}}
	if raw := v.get("items"); raw != nil && raw != true {
		var err error
		if item, err = r.flatten(in, raw); err != nil {
			return err
		}
	}
	if item.has("properties") {
		return r.entries(path, name, v, item, at)
	}
	if err := r.describe(path, v, &slot); err != nil {
		return err
	}
	one := questioning.Slot{Key: slot.Key}
	if err := r.describe(in, item, &one); err != nil {
		return err
	}
	if kind := item.get("type"); kind == "array" || kind == "object" || item.has("items") {
		return cannot(in, "a list of %ss cannot be asked for; a list of texts, of numbers, of options or of objects with properties can", kindOf(kind))
	}
	if err := r.typed(in, item, &one); err != nil {
		return err
	}
	p := place{steps: at.steps}
	if len(slot.Options) > 0 { // beside "array", where items should have them
		one.Type, one.Options = questioning.Choice, slot.Options
		slot.Options = nil
	}
	switch one.Type {
	case questioning.Choice:
		slot.Type, slot.Options = questioning.Choices, one.Options
	case questioning.Boolean:
		return cannot(in, "a list of booleans cannot be asked for; a list of texts, of numbers, of options or of objects with properties can")
	case questioning.Integer, questioning.Number:
		p.numbers = true
	case questioning.Date, questioning.Time, questioning.DateTime:
		r.notes.add(join(in, "format"), "is set aside: each entry of a list is kept as it was written")
	}
	return r.addSlot(path, slot, at, p)
}

// kindOf names a type in an error.
func kindOf(kind any) string {
	if text, ok := kind.(string); ok {
		return text
	}
	return "list"
}

// entries reads a list of objects: how many there are, and the parts of each. The
// count is a slot of its own, and entry i applies if the count is i or more; where
// the schema fixes the number, nobody is asked for it. Lists within lists would
// multiply slots (20 × 20 × parts) and nest conditions, so they are refused.
func (r *reader) entries(path, name string, v, item view, at position) error {
	var counted questioning.Slot
	if err := r.describe(path, v, &counted); err != nil {
		return err
	}
	if slices.ContainsFunc(at.steps, func(s step) bool { return s.index > 0 }) {
		return cannot(path, "is a list of objects within another, which cannot be asked for; name it on its own, outside of the other")
	}
	least, most := 0, maxEntries
	if counted.MinItems != nil {
		least = *counted.MinItems
	}
	if least > maxMinEntries {
		return cannot(path, "has to have %d entries of several parts each, at most %d can be asked for", least, maxMinEntries)
	}
	most = max(most, least)
	if counted.MaxItems != nil && *counted.MaxItems <= most {
		most = *counted.MaxItems
	} else {
		r.notes.add(path, "is asked for by its parts, at most %d entries; say maxItems where fewer are wanted", most)
	}
	if most < max(1, least) {
		return errorf(join(path, "maxItems"), "leaves no entry to ask for")
	}
	title := titleOf(v, name)
	count := questioning.Slot{
		Key: at.key + name + countKey, Title: title + " (number)", Description: counted.Description, Question: counted.Question,
		Type: questioning.Integer, Required: at.required, Weight: counted.Weight, When: at.when,
		Minimum: new(float64(least)), Maximum: new(float64(most)),
	}
	if least < most {
		if err := r.addSlot(path, count, at, place{steps: at.steps, count: true}); err != nil {
			return err
		}
	}
	for i := 1; i <= most; i++ {
		of := at
		of.key = at.key + name + fmt.Sprintf("[%d].", i-1)
		of.titles = append(slices.Clip(at.titles), fmt.Sprintf("%s %d", title, i))
		of.steps = append(slices.Clip(at.steps), step{index: i})
		if least < most {
			of.when = &questioning.Condition{Slot: count.Key}
			for n := i; n <= most; n++ {
				of.when.In = append(of.when.In, float64(n))
			}
		}
		if err := r.readParts(join(path, "items"), item, of); err != nil {
			return err
		}
	}
	return nil
}

// countKey ends the key of the slot for how many entries a list of objects has.
const countKey = ".count"

// resolveConditions finds the slots that conditions within an object name: one of
// the same object, or else as it is written. A condition in an object that is
// defined once and used twice means the sibling in the same object,
// "address.country" as "country". It runs when all slots are known, because a
// condition may name a property that comes later.
func (r *reader) resolveConditions() {
	for i, s := range r.slots {
		if scope := r.scopes[s.When]; s.When != nil && scope != "" && r.seen[scope+s.When.Slot] {
			r.slots[i].When = &questioning.Condition{Slot: scope + s.When.Slot, In: s.When.In}
		}
	}
}

// readExclusive makes an exclusive bound an inclusive one: the next integer or
// float64. Slots know inclusive bounds only, and a person reads "at least 1", not
// "more than 0". For numbers the next float64 keeps the check exact.
func readExclusive(path string, m member, kind any, slot *questioning.Slot) error {
	v, err := numberOf(path, m.value)
	if err != nil {
		return err
	}
	step := func(to float64) float64 {
		if kind == "integer" {
			return v + math.Copysign(1, to)
		}
		return math.Nextafter(v, to)
	}
	if m.name == "exclusiveMinimum" {
		low := step(math.Inf(1))
		slot.Minimum = &low
	} else {
		high := step(math.Inf(-1))
		slot.Maximum = &high
	}
	return nil
}
