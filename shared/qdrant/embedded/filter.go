package embedded

import (
	"iter"
	"slices"
	"strings"

	api "github.com/qdrant/go-client/qdrant"
)

// filter chooses points by keyword fields of their payload: all of must holds
// and none of mustNot does.
type filter struct{ must, mustNot []choice }

// choice is a condition: one of several keywords in a field. A field that is a list
// holds each of its items. Comparison is by bytes, as for Qdrant's keyword index.
type choice struct {
	field  string
	values []string
}

// match says whether a point with that payload fits. A field that is missing holds
// no keyword.
func (f filter) match(payload map[string]*api.Value) bool {
	holds := func(one choice) bool { return one.holds(payload[one.field]) }
	for _, one := range f.must {
		if !holds(one) {
			return false
		}
	}
	return !slices.ContainsFunc(f.mustNot, holds)
}

// holds says whether a field, or an item of it, is one of the keywords.
func (c choice) holds(value *api.Value) bool {
	for item := range items(value) {
		if keyword, ok := item.GetKind().(*api.Value_StringValue); ok && slices.Contains(c.values, keyword.StringValue) {
			return true
		}
	}
	return false
}

// items yields the items of a list, or the value itself; nothing when missing. It
// is how Qdrant treats lists in conditions.
func items(value *api.Value) iter.Seq[*api.Value] {
	if list, ok := value.GetKind().(*api.Value_ListValue); ok {
		return slices.Values(list.ListValue.GetValues())
	}
	return func(yield func(*api.Value) bool) {
		if value != nil {
			yield(value)
		}
	}
}

// readFilter reads a request's filter; nil is one that every point fits. What is
// not covered is refused rather than ignored: an ignored condition would return
// other people's points.
func readFilter(f *api.Filter) (filter, error) {
	if err := refused(
		refusal{len(f.GetShould()) > 0, "should in a filter"},
		refusal{f.GetMinShould() != nil, "min_should in a filter"},
	); err != nil {
		return filter{}, err
	}
	if err := atMost("conditions of a filter", len(f.GetMust())+len(f.GetMustNot()), MaxConditions); err != nil {
		return filter{}, err
	}
	must, err := readChoices(f.GetMust())
	if err != nil {
		return filter{}, err
	}
	mustNot, err := readChoices(f.GetMustNot())
	return filter{must, mustNot}, err
}

// readChoices reads conditions. Of those that Qdrant knows it takes the ones that
// the client sends: matches of one keyword or of one of several.
func readChoices(conditions []*api.Condition) ([]choice, error) {
	choices := make([]choice, len(conditions))
	for i, condition := range conditions {
		if condition.GetConditionOneOf() == nil {
			return nil, invalid("a condition of the filter is empty")
		}
		field := condition.GetField()
		choices[i].field = field.GetKey()
		switch value := field.GetMatch().GetMatchValue().(type) {
		case *api.Match_Keyword:
			choices[i].values = []string{value.Keyword}
		case *api.Match_Keywords:
			choices[i].values = value.Keywords.GetStrings()
		default:
			return nil, unimplemented("condition in a filter other than a match of keywords")
		}
		if err := topLevel(field.GetKey()); err != nil {
			return nil, err
		}
		if err := atMost("keywords of a condition", len(choices[i].values), MaxConditions); err != nil {
			return nil, err
		}
	}
	return choices, nil
}

// topLevel refuses paths into a payload.
func topLevel(field string) error {
	if field == "" {
		return invalid("a field of the payload has no name")
	}
	if strings.ContainsAny(field, `.[]"`) {
		return unimplemented("path into a payload, such as " + field)
	}
	return nil
}
