package migration

import (
	"slices"

	"github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// columnsOf returns the columns an expression reads, sorted.
func columnsOf(expression *pg_query.Node) []string {
	var columns []string
	if expression == nil {
		return nil
	}
	var walk func(protoreflect.Message)
	walk = func(message protoreflect.Message) {
		if reference, ok := message.Interface().(*pg_query.ColumnRef); ok {
			fields := reference.GetFields()
			columns = append(columns, fields[len(fields)-1].GetString_().GetSval())
			return
		}
		message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
			switch {
			case field.Kind() != protoreflect.MessageKind:
			case field.IsList():
				for i := range value.List().Len() {
					walk(value.List().Get(i).Message())
				}
			default:
				walk(value.Message())
			}
			return true
		})
	}
	walk(expression.ProtoReflect())
	slices.Sort(columns)
	return slices.Compact(columns)
}
