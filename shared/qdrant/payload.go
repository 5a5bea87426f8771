package qdrant

import (
	"fmt"

	api "github.com/qdrant/go-client/qdrant"
)

// encodePayload writes what JSON can; an error names the field.
func encodePayload(payload map[string]any) (map[string]*api.Value, error) {
	encoded := make(map[string]*api.Value, len(payload))
	for field, value := range payload {
		v, err := api.NewValue(plain(value))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", field, err)
		}
		encoded[field] = v
	}
	return encoded, nil
}

// plain turns lists of strings, which the client does not know, into ones that
// it does.
func plain(value any) any {
	switch v := value.(type) {
	case []string:
		list := make([]any, len(v))
		for i, s := range v {
			list[i] = s
		}
		return list
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = plain(item)
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for field, item := range v {
			object[field] = plain(item)
		}
		return object
	}
	return value
}

// decodePayload is the inverse of encodePayload for what JSON can hold; lists come
// back as []any.
func decodePayload(payload map[string]*api.Value) map[string]any {
	decoded := make(map[string]any, len(payload))
	for field, value := range payload {
		decoded[field] = decode(value)
	}
	return decoded
}

// decode is nil for null and for kinds that a payload of ours never has.
func decode(value *api.Value) any {
	switch kind := value.GetKind().(type) {
	case *api.Value_BoolValue:
		return kind.BoolValue
	case *api.Value_IntegerValue:
		return kind.IntegerValue
	case *api.Value_DoubleValue:
		return kind.DoubleValue
	case *api.Value_StringValue:
		return kind.StringValue
	case *api.Value_ListValue:
		list := make([]any, len(kind.ListValue.GetValues()))
		for i, item := range kind.ListValue.GetValues() {
			list[i] = decode(item)
		}
		return list
	case *api.Value_StructValue:
		return decodePayload(kind.StructValue.GetFields())
	}
	return nil
}
