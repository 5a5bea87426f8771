package embedded

import (
	"iter"
	"slices"
	"strings"

	api "github.com/qdrant/go-client/qdrant"
)

// condition says whether the point in a slot fits.
type condition func(c *collection, slot uint32) bool

// filter is one made ready. choices are the keywords that a point must have
// one of, for indexes to use.
type filter struct {
	match   condition
	choices []choice
}

type choice struct {
	field  string
	values []string
}

// both fits what fits each.
func (f filter) both(other filter) filter {
	return filter{
		match:   func(c *collection, slot uint32) bool { return f.match(c, slot) && other.match(c, slot) },
		choices: slices.Concat(f.choices, other.choices),
	}
}

func readFilter(f *api.Filter) (filter, error) {
	r := reader{}
	match, err := r.filter(f, 1)
	if err != nil {
		return filter{}, err
	}
	ready := filter{match: match}
	for _, must := range f.GetMust() {
		m := must.GetField().GetMatch()
		switch value := m.GetMatchValue().(type) {
		case *api.Match_Keyword:
			ready.choices = append(ready.choices, choice{must.GetField().GetKey(), []string{value.Keyword}})
		case *api.Match_Keywords:
			ready.choices = append(ready.choices, choice{must.GetField().GetKey(), value.Keywords.GetStrings()})
		}
	}
	return ready, nil
}

// reader turns filters into conditions and counts what it has read.
type reader struct{ count int }

func (r *reader) more(n int) error {
	r.count += n
	return atMost("conditions of a filter", r.count, MaxConditions)
}

func (r *reader) filter(f *api.Filter, depth int) (condition, error) {
	if err := atMost("depth of a filter", depth, MaxFilterDepth); err != nil {
		return nil, err
	}
	must, err := r.all(f.GetMust(), depth)
	if err != nil {
		return nil, err
	}
	mustNot, err := r.all(f.GetMustNot(), depth)
	if err != nil {
		return nil, err
	}
	should, err := r.all(f.GetShould(), depth)
	if err != nil {
		return nil, err
	}
	minShould, err := r.all(f.GetMinShould().GetConditions(), depth)
	if err != nil {
		return nil, err
	}
	least := int(min(f.GetMinShould().GetMinCount(), MaxConditions+1))
	return func(c *collection, slot uint32) bool {
		return hits(must, c, slot, len(must)) && !hits(mustNot, c, slot, 1) &&
			(len(should) == 0 || hits(should, c, slot, 1)) && hits(minShould, c, slot, least)
	}, nil
}

// hits says whether at least so many conditions hold; with one wanted of none
// it is false.
func hits(conditions []condition, c *collection, slot uint32, least int) bool {
	for i := 0; least > 0 && least <= len(conditions)-i; i++ {
		if conditions[i](c, slot) {
			least--
		}
	}
	return least <= 0
}

func (r *reader) all(list []*api.Condition, depth int) ([]condition, error) {
	conditions := make([]condition, len(list))
	for i, one := range list {
		var err error
		if conditions[i], err = r.condition(one, depth); err != nil {
			return nil, err
		}
	}
	return conditions, nil
}

func (r *reader) condition(one *api.Condition, depth int) (condition, error) {
	if err := r.more(1); err != nil {
		return nil, err
	}
	switch kind := one.GetConditionOneOf().(type) {
	case *api.Condition_Field:
		return r.field(kind.Field)
	case *api.Condition_Filter:
		return r.filter(kind.Filter, depth+1)
	case *api.Condition_HasId:
		ids, err := readIDs(kind.HasId.GetHasId())
		if err != nil {
			return nil, err
		}
		return func(c *collection, slot uint32) bool { return slices.Contains(ids, c.ids[slot]) }, r.more(len(ids))
	case *api.Condition_IsEmpty:
		return onField(kind.IsEmpty.GetKey(), isEmpty)
	case *api.Condition_IsNull:
		return onField(kind.IsNull.GetKey(), isNull)
	case *api.Condition_Nested:
		return nil, unimplemented("nested condition in a filter")
	case *api.Condition_HasVector:
		return nil, unimplemented("has_vector condition in a filter")
	case *api.Condition_Slice:
		return nil, unimplemented("slice condition in a filter")
	}
	return nil, invalid("a condition of the filter is empty")
}

func (r *reader) field(f *api.FieldCondition) (condition, error) {
	if err := refused(
		refusal{f.Range != nil || f.DatetimeRange != nil, "range in a filter"},
		refusal{f.GeoBoundingBox != nil || f.GeoRadius != nil || f.GeoPolygon != nil, "geo condition in a filter"},
		refusal{f.ValuesCount != nil, "values_count in a filter"},
	); err != nil {
		return nil, err
	}
	switch {
	case f.IsEmpty != nil:
		want := f.GetIsEmpty()
		return onField(f.GetKey(), func(v *api.Value) bool { return isEmpty(v) == want })
	case f.IsNull != nil:
		want := f.GetIsNull()
		return onField(f.GetKey(), func(v *api.Value) bool { return isNull(v) == want })
	}
	switch value := f.GetMatch().GetMatchValue().(type) {
	case *api.Match_Keyword:
		return onField(f.GetKey(), anyItem(func(v *api.Value) bool { return isString(v, value.Keyword) }))
	case *api.Match_Integer:
		return onField(f.GetKey(), anyItem(func(v *api.Value) bool { return isInteger(v, value.Integer) }))
	case *api.Match_Boolean:
		return onField(f.GetKey(), anyItem(func(v *api.Value) bool { return isBool(v, value.Boolean) }))
	case *api.Match_Keywords:
		return r.oneOf(f.GetKey(), len(value.Keywords.GetStrings()), stringIn(value.Keywords), false)
	case *api.Match_ExceptKeywords:
		return r.oneOf(f.GetKey(), len(value.ExceptKeywords.GetStrings()), stringIn(value.ExceptKeywords), true)
	case *api.Match_Integers:
		return r.oneOf(f.GetKey(), len(value.Integers.GetIntegers()), integerIn(value.Integers), false)
	case *api.Match_ExceptIntegers:
		return r.oneOf(f.GetKey(), len(value.ExceptIntegers.GetIntegers()), integerIn(value.ExceptIntegers), true)
	case *api.Match_Text, *api.Match_Phrase, *api.Match_TextAny, *api.Match_Prefix:
		return nil, unimplemented("full-text match in a filter, of field " + f.GetKey())
	}
	return nil, invalid("the condition on field %s is empty", f.GetKey())
}

func (r *reader) oneOf(field string, values int, in func(*api.Value) bool, except bool) (condition, error) {
	if err := r.more(values); err != nil {
		return nil, err
	}
	return onField(field, anyItem(func(v *api.Value) bool {
		if except {
			return !in(v) && !isNil(v)
		}
		return in(v)
	}))
}

func onField(field string, fits func(*api.Value) bool) (condition, error) {
	if err := topLevel(field); err != nil {
		return nil, err
	}
	return func(c *collection, slot uint32) bool { return fits(c.payloads[slot][field]) }, nil
}

func topLevel(field string) error {
	if field == "" {
		return invalid("a field of the payload has no name")
	}
	if strings.ContainsAny(field, `.[]"`) {
		return unimplemented("path into a payload, such as " + field)
	}
	return nil
}

// items yields the items of a list, or the value itself; nothing when missing.
func items(value *api.Value) iter.Seq[*api.Value] {
	return func(yield func(*api.Value) bool) {
		list, ok := value.GetKind().(*api.Value_ListValue)
		if !ok {
			if value != nil {
				yield(value)
			}
			return
		}
		for _, item := range list.ListValue.GetValues() {
			if !yield(item) {
				return
			}
		}
	}
}

func anyItem(fits func(*api.Value) bool) func(*api.Value) bool {
	return func(value *api.Value) bool {
		for item := range items(value) {
			if fits(item) {
				return true
			}
		}
		return false
	}
}

func isString(v *api.Value, want string) bool {
	kind, ok := v.GetKind().(*api.Value_StringValue)
	return ok && kind.StringValue == want
}

func isInteger(v *api.Value, want int64) bool {
	kind, ok := v.GetKind().(*api.Value_IntegerValue)
	return ok && kind.IntegerValue == want
}

func isBool(v *api.Value, want bool) bool {
	kind, ok := v.GetKind().(*api.Value_BoolValue)
	return ok && kind.BoolValue == want
}

func stringIn(list *api.RepeatedStrings) func(*api.Value) bool {
	return func(v *api.Value) bool {
		kind, ok := v.GetKind().(*api.Value_StringValue)
		return ok && slices.Contains(list.GetStrings(), kind.StringValue)
	}
}

func integerIn(list *api.RepeatedIntegers) func(*api.Value) bool {
	return func(v *api.Value) bool {
		kind, ok := v.GetKind().(*api.Value_IntegerValue)
		return ok && slices.Contains(list.GetIntegers(), kind.IntegerValue)
	}
}

// isEmpty says that the field is missing, null or a list without items.
func isEmpty(v *api.Value) bool {
	if list, ok := v.GetKind().(*api.Value_ListValue); ok {
		return len(list.ListValue.GetValues()) == 0
	}
	return v == nil || isNil(v)
}

// isNull says that the field is there and null, or a list that has a null.
func isNull(v *api.Value) bool {
	return anyItem(isNil)(v)
}

func isNil(v *api.Value) bool {
	_, null := v.GetKind().(*api.Value_NullValue)
	return null
}
