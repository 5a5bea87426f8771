package migration

import (
	"fmt"
	"strings"

	"github.com/pganalyze/pg_query_go/v6"
)

func kind(object pg_query.ObjectType) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(object.String(), "OBJECT_"), "_", " "))
}

func (j *judgement) drop(s *pg_query.DropStmt) {
	for _, object := range s.GetObjects() {
		name := named(object)
		switch s.GetRemoveType() {
		case pg_query.ObjectType_OBJECT_POLICY, pg_query.ObjectType_OBJECT_TRIGGER, pg_query.ObjectType_OBJECT_RULE:
			if j.known.has(owner(name)) {
				continue
			}
		default:
			if j.known.has(name) {
				continue
			}
		}
		j.refuse(fmt.Sprintf("drops %s %s", kind(s.GetRemoveType()), name), "the previous release may rely on it: "+later)
	}
}

func (j *judgement) rename(s *pg_query.RenameStmt) {
	name := named(s.GetObject())
	if s.GetRelation() != nil {
		name = relation(s.GetRelation())
	}
	if j.known.has(name) {
		if s.GetSubname() == "" {
			schema, found := beforeLast(name, ".")
			if !found {
				schema = ""
			}
			j.known.add(qualified(schema, s.GetNewname()))
		}
		return
	}
	if s.GetSubname() != "" {
		name += "." + s.GetSubname()
	}
	j.refuse(fmt.Sprintf("renames %s %s", kind(s.GetRenameType()), name), "the previous release knows only the old name: add the new one beside it")
}
