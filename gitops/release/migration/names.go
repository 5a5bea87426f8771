package migration

import (
	"strings"

	"github.com/pganalyze/pg_query_go/v6"
)

// created records what the checked migrations create, which no released code uses.
type created struct {
	objects map[string]bool
	// columns added to released tables, by table and column; true for those without a
	// default, which are null in rows of the previous release.
	columns map[string]map[string]bool
}

func newCreated() *created {
	return &created{objects: map[string]bool{}, columns: map[string]map[string]bool{}}
}

func (c *created) add(name string)      { c.objects[name] = true }
func (c *created) has(name string) bool { return c.objects[name] }

func (c *created) addColumn(table, column string, null bool) {
	if c.columns[table] == nil {
		c.columns[table] = map[string]bool{}
	}
	c.columns[table][column] = null
}

func (c *created) hasColumn(table, column string) bool {
	_, ok := c.columns[table][column]
	return ok
}

func relation(r *pg_query.RangeVar) string {
	return qualified(r.GetSchemaname(), r.GetRelname())
}

func qualified(schema, name string) string {
	if schema == "" || schema == "public" {
		return name
	}
	return schema + "." + name
}

// named returns an object's name from the forms that the grammar has for it.
func named(node *pg_query.Node) string {
	switch {
	case node.GetRangeVar() != nil:
		return relation(node.GetRangeVar())
	case node.GetList() != nil:
		return dotted(node.GetList().GetItems())
	case node.GetObjectWithArgs() != nil:
		return dotted(node.GetObjectWithArgs().GetObjname())
	case node.GetTypeName() != nil:
		return dotted(node.GetTypeName().GetNames())
	default:
		return node.GetString_().GetSval()
	}
}

func dotted(nodes []*pg_query.Node) string {
	var parts []string
	for _, node := range nodes {
		if part := node.GetString_().GetSval(); part != "" {
			parts = append(parts, part)
		}
	}
	if len(parts) > 1 && parts[0] == "public" {
		parts = parts[1:]
	}
	return strings.Join(parts, ".")
}

// owner returns the table of a trigger, policy or rule that is named table.name.
func owner(name string) string {
	table, _ := beforeLast(name, ".")
	return table
}

// beforeLast returns the part of s before the last separator; s if there is none.
func beforeLast(s, separator string) (before string, found bool) {
	at := strings.LastIndex(s, separator)
	if at < 0 {
		return s, false
	}
	return s[:at], true
}
