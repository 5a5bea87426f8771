package migration

import (
	"slices"
	"strings"

	"github.com/pganalyze/pg_query_go/v6"
	pgquery "github.com/wasilibs/go-pgquery"
	"google.golang.org/protobuf/reflect/protopath"
	"google.golang.org/protobuf/reflect/protorange"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Judge returns the effects of unreleased migrations on the previous release, in the
// order in which they run. They share what they create: a migration may change the
// tables of an earlier one that no release has seen.
// Pass all of them: a migration alone may seem to change a table that an earlier one creates.
func Judge(files []File) []Finding {
	known := created{}
	var all []Finding
	for _, file := range files {
		all = append(all, judge(file, known)...)
	}
	return all
}

// judge reads one migration, and parses its SQL with PostgreSQL's own parser
// (libpg_query). What cannot be parsed or seen, such as substituted variables, is
// refused: it cannot be judged.
//
// Each statement is judged by itself, in its order. What a contraction accepts is listed as
// well, statement by statement.
func judge(file File, known created) []Finding {
	refused := func(problem, remedy string) []Finding {
		return []Finding{{File: file.Name, Severity: Refusal, Problem: problem, Remedy: remedy}}
	}
	script, err := read(file.Content)
	if err != nil {
		return refused(err.Error(), "write it in goose's format")
	}
	if script.substitutes {
		return refused("uses environment variables (ENVSUB)", "write the values out, so that the statements can be checked")
	}
	if script.contracts && script.reason == "" {
		return refused("is marked as contracting without a reason", "write `-- release: contract <reason>`")
	}
	tree, err := pgquery.Parse(script.up)
	if err != nil {
		return refused("is not valid SQL", err.Error())
	}
	if script.noTransaction && len(tree.GetStmts()) > 1 {
		return refused("runs several statements with NO TRANSACTION",
			"put each into its own migration: outside a transaction, statements before a failed one stay applied")
	}
	j := &judgement{known: known, noTransaction: script.noTransaction}
	var findings []Finding
	for _, statement := range tree.GetStmts() {
		j.remedy, j.notes = "add what is new beside it, and contract in a later release, when no release that needs it can be rolled back to; or accept it with `-- release: contract <reason>`", nil
		expands := j.expands(statement.GetStmt())
		at, text := excerpt(script.up, int(statement.GetStmtLocation()), int(statement.GetStmtLen()))
		for _, note := range j.notes {
			findings = append(findings, Finding{File: file.Name, Line: at, Severity: Note, Problem: text + ": " + note})
		}
		switch {
		case expands:
		case script.contracts:
			findings = append(findings, Finding{File: file.Name, Line: at, Severity: Accepted, Problem: text, Remedy: "accepted because: " + script.reason})
		default:
			findings = append(findings, Finding{File: file.Name, Line: at, Severity: Refusal, Problem: text + " may break the previous release", Remedy: j.remedy})
		}
	}
	if script.contracts && !slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == Accepted }) {
		findings = append(findings, Finding{File: file.Name, Severity: Note, Problem: "is marked as contracting but only expands: remove `-- release: contract`"})
	}
	return findings
}

// excerpt returns a statement's line and its beginning. The parser counts a statement's
// leading comments and blank lines to it; the line returned is the first of the
// statement itself.
func excerpt(sql string, from, length int) (line int, text string) {
	end := len(sql)
	if length > 0 {
		end = from + length
	}
	for from < end {
		rest := sql[from:end]
		trimmed := strings.TrimLeft(rest, " \t\r\n;")
		if strings.HasPrefix(trimmed, "--") {
			_, after, _ := strings.Cut(trimmed, "\n")
			trimmed = after
		} else if len(trimmed) == len(rest) {
			break
		}
		from = end - len(trimmed)
	}
	text = strings.Join(strings.Fields(sql[from:end]), " ")
	if words := []rune(text); len(words) > 100 {
		text = string(words[:100]) + " …"
	}
	return 1 + strings.Count(sql[:from], "\n"), text
}

// created has the names of what unreleased migrations create, which no released code uses.
// A column that they add to a released table is named table.column, and its value says
// whether it is null in the rows of the previous release.
// Names are without the schema public, as relation and dotted give them.
type created map[string]bool

// has reports whether an unreleased migration creates it, whatever the value says.
func (c created) has(name string) bool { _, ok := c[name]; return ok }

// add always returns true: creating something expands.
func (c created) add(name string) bool { c[name] = false; return true }

// judgement is what is known while the statements of a migration are judged in their
// order. remedy and notes belong to the statement at hand.
type judgement struct {
	known         created
	noTransaction bool
	remedy        string
	notes         []string
}

// note returns true: what is noted expands.
func (j *judgement) note(text string) bool { j.notes = append(j.notes, text); return true }

// instead returns false: what needs another way does not expand.
func (j *judgement) instead(remedy string) bool { j.remedy = remedy; return false }

// expands reports whether the previous release works after a statement as before. Kinds
// of statements that are not listed do not, so that each new one is reviewed once. A
// statement may expand and still lock: what makes writes wait is refused too, since a
// release is deployed while people use the one before.
func (j *judgement) expands(node *pg_query.Node) bool {
	switch s := node.GetNode().(type) {
	case *pg_query.Node_CreateStmt:
		name := relation(s.CreateStmt.GetRelation())
		if !s.CreateStmt.GetIfNotExists() { // otherwise it may be there already
			j.known.add(name)
		}
		for _, element := range append(s.CreateStmt.GetTableElts(), s.CreateStmt.GetConstraints()...) {
			for _, constraint := range append(element.GetColumnDef().GetConstraints(), element) {
				if !j.reference(constraint.GetConstraint()) {
					return false
				}
			}
		}
		return true
	case *pg_query.Node_AlterTableStmt:
		table := relation(s.AlterTableStmt.GetRelation())
		return all(s.AlterTableStmt.GetCmds(), func(cmd *pg_query.Node) bool {
			if j.known.has(table) {
				return j.reference(cmd.GetAlterTableCmd().GetDef().GetConstraint())
			}
			return j.alter(table, cmd.GetAlterTableCmd())
		})
	case *pg_query.Node_IndexStmt:
		return j.index(s.IndexStmt)
	case *pg_query.Node_DropStmt:
		// Only what is new can be dropped.
		return all(s.DropStmt.GetObjects(), func(object *pg_query.Node) bool {
			name := named(object)
			table := name[:max(strings.LastIndex(name, "."), 0)] // of a policy, trigger or rule
			return j.known.has(name) || j.known.has(table)
		})
	case *pg_query.Node_RenameStmt:
		name := named(s.RenameStmt.GetObject())
		if s.RenameStmt.GetRelation() != nil {
			name = relation(s.RenameStmt.GetRelation())
		}
		return j.known.has(name) && (s.RenameStmt.GetSubname() != "" || j.known.add(name[:strings.LastIndex(name, ".")+1]+s.RenameStmt.GetNewname()))
	case *pg_query.Node_ViewStmt:
		return j.create(relation(s.ViewStmt.GetView()), s.ViewStmt.GetReplace())
	case *pg_query.Node_CreateFunctionStmt:
		return j.create(dotted(s.CreateFunctionStmt.GetFuncname()), s.CreateFunctionStmt.GetReplace())
	case *pg_query.Node_DefineStmt:
		return j.create(dotted(s.DefineStmt.GetDefnames()), s.DefineStmt.GetReplace())
	case *pg_query.Node_CreateTrigStmt:
		return j.known.has(relation(s.CreateTrigStmt.GetRelation())) || j.note("it also fires on the previous release's writes, and must not make them fail")
	case *pg_query.Node_CreatePolicyStmt:
		return j.known.has(relation(s.CreatePolicyStmt.GetTable())) ||
			s.CreatePolicyStmt.GetPermissive() && j.note("it shows more rows to the previous release too")
	case *pg_query.Node_AlterPolicyStmt:
		return j.known.has(relation(s.AlterPolicyStmt.GetTable()))
	case *pg_query.Node_AlterEnumStmt:
		return j.known.has(dotted(s.AlterEnumStmt.GetTypeName())) ||
			s.AlterEnumStmt.GetOldVal() == "" && j.note("the previous release must be able to read the new value")
	case *pg_query.Node_GrantStmt:
		return s.GrantStmt.GetIsGrant()
	case *pg_query.Node_GrantRoleStmt:
		return s.GrantRoleStmt.GetIsGrant()
	case *pg_query.Node_TruncateStmt:
		return all(s.TruncateStmt.GetRelations(), func(table *pg_query.Node) bool { return j.known.has(named(table)) })
	case *pg_query.Node_DeleteStmt:
		return j.with(s.DeleteStmt.GetWithClause()) && j.known.has(relation(s.DeleteStmt.GetRelation()))
	case *pg_query.Node_UpdateStmt:
		table := relation(s.UpdateStmt.GetRelation())
		return j.with(s.UpdateStmt.GetWithClause()) && (j.known.has(table) || all(s.UpdateStmt.GetTargetList(), func(target *pg_query.Node) bool {
			return j.known.has(table+"."+target.GetResTarget().GetName()) || j.instead("fill a new column: a rollback does not restore values")
		}))
	case *pg_query.Node_InsertStmt:
		// Rows that are inserted are no risk; rows that are overwritten cannot be
		// restored.
		overwrites := s.InsertStmt.GetOnConflictClause().GetAction() == pg_query.OnConflictAction_ONCONFLICT_UPDATE
		return j.with(s.InsertStmt.GetWithClause()) && j.with(s.InsertStmt.GetSelectStmt().GetSelectStmt().GetWithClause()) &&
			(!overwrites || j.known.has(relation(s.InsertStmt.GetRelation())) || j.instead("only insert missing rows: ON CONFLICT DO NOTHING"))
	case *pg_query.Node_SelectStmt:
		if into := s.SelectStmt.GetIntoClause(); into != nil {
			j.known.add(relation(into.GetRel()))
		}
		return j.with(s.SelectStmt.GetWithClause())
	case *pg_query.Node_VariableSetStmt:
		// These decide which tables later statements mean, and are judged wrongly from
		// there on.
		redirects := slices.Contains([]string{"search_path", "role", "session_authorization"}, s.VariableSetStmt.GetName())
		return !redirects && (s.VariableSetStmt.GetIsLocal() || j.noTransaction) ||
			j.instead("use SET LOCAL, for nothing that decides which objects are meant: the next migration runs on the same connection")
	case *pg_query.Node_CreateTableAsStmt:
		return s.CreateTableAsStmt.GetIfNotExists() || j.known.add(relation(s.CreateTableAsStmt.GetInto().GetRel()))
	case *pg_query.Node_CreateSeqStmt:
		return j.known.add(relation(s.CreateSeqStmt.GetSequence()))
	case *pg_query.Node_CreateEnumStmt:
		return j.known.add(dotted(s.CreateEnumStmt.GetTypeName()))
	case *pg_query.Node_CreateRangeStmt:
		return j.known.add(dotted(s.CreateRangeStmt.GetTypeName()))
	case *pg_query.Node_CompositeTypeStmt:
		return j.known.add(relation(s.CompositeTypeStmt.GetTypevar()))
	case *pg_query.Node_CreateDomainStmt:
		return j.known.add(dotted(s.CreateDomainStmt.GetDomainname()))
	case *pg_query.Node_CreateSchemaStmt:
		return j.known.add(s.CreateSchemaStmt.GetSchemaname())
	case *pg_query.Node_CreateExtensionStmt, *pg_query.Node_CreateStatsStmt, *pg_query.Node_CommentStmt:
		return true
	case *pg_query.Node_DoStmt:
		return j.instead("write the statements of the DO block out, or accept it with `-- release: contract <reason>`")
	case *pg_query.Node_TransactionStmt, *pg_query.Node_LockStmt:
		return j.instead("remove it: each migration runs in a transaction, and statements take the locks they need")
	}
	return false
}

// all calls check for each node, and reports whether all passed. It continues after one
// that failed, since each may note something and create something.
func all(nodes []*pg_query.Node, check func(*pg_query.Node) bool) bool {
	passed := true
	for _, node := range nodes {
		passed = check(node) && passed
	}
	return passed
}

// create judges what can be created, or created in place of another.
func (j *judgement) create(name string, replace bool) bool {
	return replace && j.known.has(name) || !replace && j.known.add(name) ||
		j.instead("create it under a new name, or without OR REPLACE if it is new: the previous release uses the old one")
}

// with judges the statements in WITH: each may change data. A SELECT can hide a DELETE
// there.
// Their results are temporary and create nothing.
func (j *judgement) with(clause *pg_query.WithClause) bool {
	return all(clause.GetCtes(), func(node *pg_query.Node) bool { return j.expands(node.GetCommonTableExpr().GetCtequery()) })
}

// reference refuses a foreign key that makes deletes of the previous release fail: it does
// not know the new rows that reference its own.
func (j *judgement) reference(constraint *pg_query.Constraint) bool {
	action := constraint.GetFkDelAction()
	return constraint.GetContype() != pg_query.ConstrType_CONSTR_FOREIGN || action != "a" && action != "r" ||
		j.known.has(relation(constraint.GetPktable())) ||
		j.instead("add ON DELETE CASCADE or SET NULL: the previous release does not delete the new rows first")
}

// index accepts an index that does not stop writes while it is built, and a unique one
// only where no two rows of the previous release can be equal.
// On a table that no release knows, no write waits.
func (j *judgement) index(s *pg_query.IndexStmt) bool {
	table := relation(s.GetRelation())
	j.known.add(s.GetIdxname())
	// In rows of the previous release one of the columns is null, so none are equal.
	misses := !s.GetNullsNotDistinct() && slices.ContainsFunc(s.GetIndexParams(), func(element *pg_query.Node) bool {
		return j.known[table+"."+element.GetIndexElem().GetName()]
	})
	switch {
	case j.known.has(table):
		return true
	case s.GetUnique() && !misses:
		return false
	case !s.GetConcurrent() || !j.noTransaction:
		return j.instead("use CREATE INDEX CONCURRENTLY in a migration of its own, with `-- +goose NO TRANSACTION` above `-- +goose Up`: otherwise writes wait")
	case !s.GetIfNotExists():
		j.note("if it fails, it leaves an invalid index: drop that before you run the migration again")
	}
	return true
}

// alter judges one change of a released table. Subtypes that are not listed are refused
// until somebody has looked at them.
// A column that is new itself may be changed and dropped freely.
func (j *judgement) alter(table string, cmd *pg_query.AlterTableCmd) bool {
	column := table + "." + cmd.GetName()
	switch cmd.GetSubtype() {
	case pg_query.AlterTableType_AT_AddColumn:
		return j.addColumn(table, cmd.GetDef().GetColumnDef())
	case pg_query.AlterTableType_AT_DropColumn, pg_query.AlterTableType_AT_AlterColumnType:
		return j.known.has(column)
	// The previous release leaves a new column out; that fails unless a default fills
	// it.
	case pg_query.AlterTableType_AT_SetNotNull:
		return j.known.has(column) && !j.known[column]
	case pg_query.AlterTableType_AT_DropNotNull:
		return j.known.has(column) || j.note("the previous release must be able to read null")
	case pg_query.AlterTableType_AT_ColumnDefault:
		return cmd.GetDef() != nil || j.known.has(column)
	case pg_query.AlterTableType_AT_AddConstraint:
		constraint := cmd.GetDef().GetConstraint()
		switch constraint.GetContype() {
		case pg_query.ConstrType_CONSTR_CHECK, pg_query.ConstrType_CONSTR_FOREIGN:
			j.known.add("constraint " + table + "." + constraint.GetConname())
			return j.reference(constraint) && (constraint.GetSkipValidation() || j.instead("add it NOT VALID, and VALIDATE CONSTRAINT in a later migration: otherwise writes wait")) &&
				j.note("the previous release's writes must already satisfy it")
		}
		return false
	case pg_query.AlterTableType_AT_DropConstraint:
		return j.known.has("constraint " + column)
	case pg_query.AlterTableType_AT_ValidateConstraint, pg_query.AlterTableType_AT_SetStatistics, pg_query.AlterTableType_AT_SetOptions,
		pg_query.AlterTableType_AT_ResetOptions, pg_query.AlterTableType_AT_SetStorage, pg_query.AlterTableType_AT_SetCompression,
		pg_query.AlterTableType_AT_SetRelOptions, pg_query.AlterTableType_AT_ResetRelOptions, pg_query.AlterTableType_AT_AttachPartition:
		return true
	}
	return false
}

// addColumn accepts a column that the previous release can leave out, and that needs no
// rewrite of the table.
// A constant default is stored once in the catalog since PostgreSQL 11 and rewrites nothing.
func (j *judgement) addColumn(table string, column *pg_query.ColumnDef) bool {
	var notNull, valued bool
	for _, node := range column.GetConstraints() {
		constraint := node.GetConstraint()
		switch constraint.GetContype() {
		case pg_query.ConstrType_CONSTR_NOTNULL:
			notNull = true
		case pg_query.ConstrType_CONSTR_DEFAULT:
			valued = constraint.GetRawExpr().GetAConst() == nil || !constraint.GetRawExpr().GetAConst().GetIsnull()
			if volatile(constraint.GetRawExpr()) {
				return j.instead("add the column without the default, then set it, and fill the column in small steps: each row gets a value of its own, and the whole table is rewritten")
			}
		case pg_query.ConstrType_CONSTR_NULL:
		case pg_query.ConstrType_CONSTR_FOREIGN:
			if !j.reference(constraint) {
				return false
			}
		case pg_query.ConstrType_CONSTR_CHECK:
			if readsOthers(constraint.GetRawExpr(), column.GetColname()) {
				return j.instead("check the new column alone: the previous release does not know the rule")
			}
		default:
			return j.instead("add the column empty, fill it in small steps, and then add the index or constraint: otherwise writes wait")
		}
	}
	if strings.Contains(dotted(column.GetTypeName().GetNames()), "serial") || notNull && !valued {
		return j.instead("allow null or give a default, and no serial type: the previous release leaves the column out")
	}
	j.known[table+"."+column.GetColname()] = !valued
	return true
}

// readsOthers reports whether an expression reads a column besides one. It walks the
// whole expression, in whatever form SQL writes it.
func readsOthers(expression *pg_query.Node, column string) bool {
	others := false
	_ = protorange.Range(expression.ProtoReflect(), func(path protopath.Values) error {
		if message, ok := path.Index(-1).Value.Interface().(protoreflect.Message); ok {
			if reference, ok := message.Interface().(*pg_query.ColumnRef); ok {
				fields := reference.GetFields()
				others = others || fields[len(fields)-1].GetString_().GetSval() != column
			}
		}
		return nil
	}) // which the function above never ends
	return others
}

// volatile reports whether an expression calls a function that is not known to give one
// value for all rows of a statement. The functions of now and of settings do.
func volatile(expression *pg_query.Node) bool {
	found := false
	_ = protorange.Range(expression.ProtoReflect(), func(path protopath.Values) error {
		if message, ok := path.Index(-1).Value.Interface().(protoreflect.Message); ok {
			if call, ok := message.Interface().(*pg_query.FuncCall); ok {
				name := dotted(call.GetFuncname())
				found = found || !slices.Contains([]string{"now", "transaction_timestamp", "statement_timestamp", "current_setting"}, strings.TrimPrefix(name, "pg_catalog."))
			}
		}
		return nil
	}) // which the function above never ends
	return found
}

// relation is a table's name, without the schema public.
func relation(r *pg_query.RangeVar) string {
	if schema := r.GetSchemaname(); schema != "" && schema != "public" {
		return schema + "." + r.GetRelname()
	}
	return r.GetRelname()
}

// named returns an object's name from the forms that the grammar has for it. A form
// that is not listed has no name, and nothing has created that.
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
	}
	return node.GetString_().GetSval()
}

// dotted joins a qualified name, without the schema public, as relation does.
func dotted(nodes []*pg_query.Node) string {
	var parts []string
	for _, node := range nodes {
		parts = append(parts, node.GetString_().GetSval())
	}
	return strings.TrimPrefix(strings.Join(parts, "."), "public.")
}
