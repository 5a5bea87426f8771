package qdrant

import (
	"maps"
	"slices"

	api "github.com/qdrant/go-client/qdrant"
)

// Filter chooses points by keyword fields of their payload. All of it has to
// hold. A field that is a list holds each of its items.
type Filter struct {
	Must    map[string]string   // the field is this
	MustNot map[string]string   // the field is not this, or is missing
	Any     map[string][]string // the field is one of these; no value is like none
}

// empty says that every point fits. Delete refuses it: a filter that lost its
// fields by a mistake would erase the collection.
func (f Filter) empty() bool { return len(f.Must)+len(f.MustNot)+len(f.Any) == 0 }

// nothing says that no point can fit.
func (f Filter) nothing() bool {
	for _, values := range f.Any {
		if len(values) == 0 {
			return true
		}
	}
	return false
}

// encode writes fields in order, so that equal filters are equal requests.
func (f Filter) encode() *api.Filter {
	if f.empty() {
		return nil
	}
	filter := &api.Filter{}
	for _, field := range slices.Sorted(maps.Keys(f.Must)) {
		filter.Must = append(filter.Must, api.NewMatchKeyword(field, f.Must[field]))
	}
	for _, field := range slices.Sorted(maps.Keys(f.Any)) {
		filter.Must = append(filter.Must, api.NewMatchKeywords(field, f.Any[field]...))
	}
	for _, field := range slices.Sorted(maps.Keys(f.MustNot)) {
		filter.MustNot = append(filter.MustNot, api.NewMatchKeyword(field, f.MustNot[field]))
	}
	return filter
}
