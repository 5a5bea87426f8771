package migration

import (
	"fmt"
	"strings"

	"github.com/pganalyze/pg_query_go/v6"
)

func (j *judgement) createTable(s *pg_query.CreateStmt) {
	name := relation(s.GetRelation())
	// With IF NOT EXISTS the table may already exist.
	if !s.GetIfNotExists() {
		j.known.add(name)
	}
	var constraints []*pg_query.Node
	for _, element := range s.GetTableElts() {
		constraints = append(constraints, element)
		constraints = append(constraints, element.GetColumnDef().GetConstraints()...)
	}
	for _, node := range append(constraints, s.GetConstraints()...) {
		constraint := node.GetConstraint()
		if constraint.GetContype() != pg_query.ConstrType_CONSTR_FOREIGN {
			continue
		}
		j.reference(name, constraint)
	}
}

// reference refuses a foreign key that makes deletes of the previous release fail: it
// does not know the new rows that reference its own.
func (j *judgement) reference(table string, constraint *pg_query.Constraint) {
	target := relation(constraint.GetPktable())
	if action := constraint.GetFkDelAction(); (action == "a" || action == "r") && !j.known.has(target) {
		j.refuse(fmt.Sprintf("rows of %s block deletes from %s", table, target),
			"the previous release does not delete the new rows first: add ON DELETE CASCADE or SET NULL")
	}
}

func (j *judgement) createIndex(s *pg_query.IndexStmt) {
	table, name := relation(s.GetRelation()), s.GetIdxname()
	defer j.known.add(name)
	if j.known.has(table) {
		return
	}
	if s.GetUnique() && !j.misses(table, s) {
		j.refuse(fmt.Sprintf("forbids equal rows in %s by unique index %s", table, name), "the previous release may write them: "+later)
		return
	}
	switch {
	case !s.GetConcurrent():
		j.refuse(fmt.Sprintf("blocks writes to %s while it builds index %s", table, name),
			"use CREATE INDEX CONCURRENTLY in a separate migration with `-- +goose NO TRANSACTION`")
	case !j.noTransaction:
		j.refuse("CREATE INDEX CONCURRENTLY fails inside a transaction", "add `-- +goose NO TRANSACTION` above `-- +goose Up`")
	case !s.GetIfNotExists():
		j.note(fmt.Sprintf("a failed CONCURRENTLY leaves index %s invalid: drop it before you run the migration again", name))
	}
}

// misses reports whether a unique index never affects rows of the previous release,
// because one of its columns is null in them.
func (j *judgement) misses(table string, s *pg_query.IndexStmt) bool {
	if s.GetNullsNotDistinct() {
		return false
	}
	for _, element := range s.GetIndexParams() {
		if j.known.columns[table][element.GetIndexElem().GetName()] {
			return true
		}
	}
	return false
}

func (j *judgement) alterTable(s *pg_query.AlterTableStmt) {
	table := relation(s.GetRelation())
	if j.known.has(table) {
		for _, node := range s.GetCmds() {
			if constraint := node.GetAlterTableCmd().GetDef().GetConstraint(); constraint.GetContype() == pg_query.ConstrType_CONSTR_FOREIGN {
				j.reference(table, constraint)
			}
		}
		return
	}
	for _, node := range s.GetCmds() {
		j.alter(table, node.GetAlterTableCmd())
	}
}

func (j *judgement) alter(table string, cmd *pg_query.AlterTableCmd) {
	column := table + "." + cmd.GetName()
	isNew := j.known.hasColumn(table, cmd.GetName())
	switch cmd.GetSubtype() {
	case pg_query.AlterTableType_AT_AddColumn:
		j.addColumn(table, cmd.GetDef().GetColumnDef())
	case pg_query.AlterTableType_AT_DropColumn:
		if !isNew {
			j.refuse("drops column "+column, "the previous release uses it: "+later)
		}
	case pg_query.AlterTableType_AT_AlterColumnType:
		if !isNew {
			j.refuse("changes the type of "+column, "add a column of the new type and write both: "+later)
		}
	case pg_query.AlterTableType_AT_SetNotNull:
		if null, ok := j.known.columns[table][cmd.GetName()]; !ok || null {
			j.refuse("forbids null in "+column, "the previous release may write null: "+later)
		}
	case pg_query.AlterTableType_AT_DropNotNull:
		if !isNew {
			j.note("allows null in " + column + ": the previous release must be able to read it")
		}
	case pg_query.AlterTableType_AT_ColumnDefault:
		if cmd.GetDef() == nil && !isNew {
			j.refuse("drops the default of "+column, "the previous release may leave the column out: "+later)
		}
	case pg_query.AlterTableType_AT_AddConstraint:
		j.addConstraint(table, cmd.GetDef().GetConstraint())
	case pg_query.AlterTableType_AT_DropConstraint:
		if !j.known.has("constraint " + table + "." + cmd.GetName()) {
			j.refuse(fmt.Sprintf("drops constraint %s of %s", cmd.GetName(), table), "the previous release may rely on it, as ON CONFLICT does: "+later)
		}
	case pg_query.AlterTableType_AT_EnableRowSecurity, pg_query.AlterTableType_AT_ForceRowSecurity:
		j.refuse("enables row security on "+table, "the previous release would miss rows: "+later)
	case pg_query.AlterTableType_AT_DisableRowSecurity, pg_query.AlterTableType_AT_NoForceRowSecurity:
		j.refuse("disables row security on "+table, "the previous release relies on it to keep principals apart")
	case pg_query.AlterTableType_AT_ValidateConstraint,
		pg_query.AlterTableType_AT_SetStatistics,
		pg_query.AlterTableType_AT_SetOptions,
		pg_query.AlterTableType_AT_ResetOptions,
		pg_query.AlterTableType_AT_SetStorage,
		pg_query.AlterTableType_AT_SetCompression,
		pg_query.AlterTableType_AT_SetRelOptions,
		pg_query.AlterTableType_AT_ResetRelOptions,
		pg_query.AlterTableType_AT_AttachPartition:
	default:
		what := strings.TrimPrefix(cmd.GetSubtype().String(), "AT_")
		j.refuse(fmt.Sprintf("alters %s in a way that is not known to be compatible with the previous release (%s)", table, what),
			"use statements that only add, or accept it with `-- release: contract <reason>`")
	}
}

func (j *judgement) addColumn(table string, column *pg_query.ColumnDef) {
	name := table + "." + column.GetColname()
	var notNull, valued, filled bool
	for _, node := range column.GetConstraints() {
		constraint := node.GetConstraint()
		switch constraint.GetContype() {
		case pg_query.ConstrType_CONSTR_NOTNULL:
			notNull = true
		case pg_query.ConstrType_CONSTR_DEFAULT:
			valued = constraint.GetRawExpr().GetAConst() == nil || !constraint.GetRawExpr().GetAConst().GetIsnull()
		case pg_query.ConstrType_CONSTR_GENERATED, pg_query.ConstrType_CONSTR_IDENTITY:
			filled = true
			j.refuse("rewrites "+table+" to fill "+name, "the previous release would wait: add the column empty and fill it in small steps")
		case pg_query.ConstrType_CONSTR_UNIQUE, pg_query.ConstrType_CONSTR_PRIMARY:
			j.refuse("adds a unique column "+name, "add the column without, then a unique index CONCURRENTLY in a separate migration")
		case pg_query.ConstrType_CONSTR_FOREIGN:
			j.reference(table, constraint)
		case pg_query.ConstrType_CONSTR_CHECK:
			if others := j.othersIn(constraint.GetRawExpr(), column.GetColname()); others != "" {
				j.refuse(fmt.Sprintf("checks %s together with %s", name, others), "the previous release does not know the rule: "+later)
			}
		}
	}
	if kind := dotted(column.GetTypeName().GetNames()); strings.Contains(kind, "serial") {
		filled = true
		j.refuse("rewrites "+table+" to number "+name, "the previous release would wait: add the column empty and fill it in small steps")
	}
	if notNull && !valued && !filled {
		j.refuse("adds column "+name+" as NOT NULL without a default", "the previous release leaves it out: give it a default, or allow null")
	}
	j.known.addColumn(table, column.GetColname(), !valued && !filled && !notNull)
}

// othersIn returns the columns that an expression reads besides one.
func (j *judgement) othersIn(expression *pg_query.Node, column string) string {
	var others []string
	for _, name := range columnsOf(expression) {
		if name != column {
			others = append(others, name)
		}
	}
	return strings.Join(others, ", ")
}

func (j *judgement) addConstraint(table string, constraint *pg_query.Constraint) {
	name := constraint.GetConname()
	if name == "" {
		name = "(unnamed)"
	}
	label := fmt.Sprintf("constraint %s on %s", name, table)
	switch constraint.GetContype() {
	case pg_query.ConstrType_CONSTR_CHECK, pg_query.ConstrType_CONSTR_FOREIGN:
		if constraint.GetContype() == pg_query.ConstrType_CONSTR_FOREIGN {
			j.reference(table, constraint)
		}
		if !constraint.GetSkipValidation() {
			j.refuse("adds "+label+" and checks every row under a lock", "add it NOT VALID, and VALIDATE CONSTRAINT in a later migration")
			return
		}
		j.note(label + " also applies to the previous release's writes: they must already satisfy it")
	case pg_query.ConstrType_CONSTR_UNIQUE, pg_query.ConstrType_CONSTR_PRIMARY, pg_query.ConstrType_CONSTR_EXCLUSION:
		j.refuse("adds "+label+", which forbids rows the previous release may write", later)
		return
	default:
		j.refuse("adds "+label+", which is not known to be compatible with the previous release", later)
		return
	}
	j.known.add("constraint " + table + "." + constraint.GetConname())
}
