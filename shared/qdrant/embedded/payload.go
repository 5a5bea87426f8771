package embedded

import (
	"maps"

	api "github.com/qdrant/go-client/qdrant"
)

// selector chooses which fields of a payload an answer has.
type selector func(map[string]*api.Value) map[string]*api.Value

func readSelector(s *api.WithPayloadSelector, otherwise bool) (selector, error) {
	everything := func(payload map[string]*api.Value) map[string]*api.Value { return payload }
	nothing := func(map[string]*api.Value) map[string]*api.Value { return nil }
	switch option := s.GetSelectorOptions().(type) {
	case *api.WithPayloadSelector_Enable:
		otherwise = option.Enable
	case *api.WithPayloadSelector_Include:
		fields := option.Include.GetFields()
		return func(payload map[string]*api.Value) map[string]*api.Value {
			chosen := map[string]*api.Value{}
			for _, field := range fields {
				if value, ok := payload[field]; ok {
					chosen[field] = value
				}
			}
			return chosen
		}, topLevelAll(fields)
	case *api.WithPayloadSelector_Exclude:
		fields := option.Exclude.GetFields()
		return func(payload map[string]*api.Value) map[string]*api.Value {
			chosen := maps.Clone(payload)
			for _, field := range fields {
				delete(chosen, field)
			}
			return chosen
		}, topLevelAll(fields)
	}
	if otherwise {
		return everything, nil
	}
	return nothing, nil
}

func topLevelAll(fields []string) error {
	if err := atMost("fields of a payload selector", len(fields), MaxConditions); err != nil {
		return err
	}
	for _, field := range fields {
		if err := topLevel(field); err != nil {
			return err
		}
	}
	return nil
}

func noVectors(s *api.WithVectorsSelector) refusal {
	return refusal{s.GetEnable() || s.GetInclude() != nil, "vectors in an answer: with_vectors"}
}
