package migration

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pganalyze/pg_query_go/v6"
	pgquery "github.com/wasilibs/go-pgquery"
)

const (
	later      = "expand now; contract in a later release, when no release that needs it can be rolled back to"
	concurrent = "outside a transaction, statements before a failed one stay applied"
)

// Judge returns the effects of unreleased migrations on the previous release, in the
// order in which they run.
func Judge(files []File) []Finding {
	known := newCreated()
	var all []Finding
	for _, file := range files {
		all = append(all, judge(file, known)...)
	}
	return all
}

func judge(file File, known *created) []Finding {
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
	j := &judgement{file: file.Name, sql: script.up, noTransaction: script.noTransaction, known: known}
	for _, statement := range tree.GetStmts() {
		j.line = line(script.up, int(statement.GetStmtLocation()))
		j.statement(statement.GetStmt())
	}
	if script.noTransaction && len(tree.GetStmts()) > 1 {
		j.line = 0
		j.refuse("runs several statements with NO TRANSACTION", "put each into its own migration: "+concurrent)
	}
	if script.contracts {
		for i := range j.findings {
			if j.findings[i].Severity == Refusal {
				j.findings[i].Severity = Accepted
				j.findings[i].Remedy = "accepted because: " + script.reason
			}
		}
		if !slices.ContainsFunc(j.findings, func(f Finding) bool { return f.Severity == Accepted }) {
			j.line = 0
			j.note("is marked as contracting but only expands: remove `-- release: contract`")
		}
	}
	return j.findings
}

// line returns the line of the first token after an offset.
func line(sql string, offset int) int {
	for offset < len(sql) {
		rest := sql[offset:]
		if trimmed := strings.TrimLeft(rest, " \t\r\n;"); len(trimmed) < len(rest) {
			offset += len(rest) - len(trimmed)
			continue
		}
		if strings.HasPrefix(rest, "--") {
			end := strings.IndexByte(rest, '\n')
			if end < 0 {
				break
			}
			offset += end
			continue
		}
		break
	}
	return 1 + strings.Count(sql[:min(offset, len(sql))], "\n")
}

type judgement struct {
	file          string
	sql           string
	line          int
	noTransaction bool
	known         *created
	findings      []Finding
}

func (j *judgement) refuse(problem, remedy string) {
	j.findings = append(j.findings, Finding{File: j.file, Line: j.line, Severity: Refusal, Problem: problem, Remedy: remedy})
}

func (j *judgement) note(problem string) {
	j.findings = append(j.findings, Finding{File: j.file, Line: j.line, Severity: Note, Problem: problem})
}

// statement refuses statements that are not known to expand, so that each new kind is
// reviewed once.
func (j *judgement) statement(node *pg_query.Node) {
	switch s := node.GetNode().(type) {
	case *pg_query.Node_CreateStmt:
		j.createTable(s.CreateStmt)
	case *pg_query.Node_AlterTableStmt:
		j.alterTable(s.AlterTableStmt)
	case *pg_query.Node_IndexStmt:
		j.createIndex(s.IndexStmt)
	case *pg_query.Node_DropStmt:
		j.drop(s.DropStmt)
	case *pg_query.Node_RenameStmt:
		j.rename(s.RenameStmt)
	case *pg_query.Node_ViewStmt:
		j.createView(s.ViewStmt)
	case *pg_query.Node_CreateFunctionStmt:
		j.createFunction(s.CreateFunctionStmt)
	case *pg_query.Node_CreateTrigStmt:
		j.createTrigger(s.CreateTrigStmt)
	case *pg_query.Node_CreatePolicyStmt:
		j.createPolicy(s.CreatePolicyStmt)
	case *pg_query.Node_AlterPolicyStmt:
		if table := relation(s.AlterPolicyStmt.GetTable()); !j.known.has(table) {
			j.refuse(fmt.Sprintf("changes policy %s of %s", s.AlterPolicyStmt.GetPolicyName(), table),
				"it decides which rows the previous release sees: "+later)
		}
	case *pg_query.Node_AlterEnumStmt:
		j.alterEnum(s.AlterEnumStmt)
	case *pg_query.Node_GrantStmt:
		if !s.GrantStmt.GetIsGrant() {
			j.refuse("revokes privileges", "the previous release may use them: "+later)
		}
	case *pg_query.Node_GrantRoleStmt:
		if !s.GrantRoleStmt.GetIsGrant() {
			j.refuse("revokes a role", "the previous release may use it: "+later)
		}
	case *pg_query.Node_TruncateStmt:
		for _, table := range s.TruncateStmt.GetRelations() {
			if name := named(table); !j.known.has(name) {
				j.refuse("truncates "+name, "a rollback does not restore rows: "+later)
			}
		}
	case *pg_query.Node_DeleteStmt:
		j.with(s.DeleteStmt.GetWithClause())
		if name := relation(s.DeleteStmt.GetRelation()); !j.known.has(name) {
			j.refuse("deletes rows of "+name, "a rollback does not restore rows: "+later)
		}
	case *pg_query.Node_UpdateStmt:
		j.update(s.UpdateStmt)
	case *pg_query.Node_InsertStmt:
		j.insert(s.InsertStmt)
	case *pg_query.Node_SelectStmt:
		j.with(s.SelectStmt.GetWithClause())
		if into := s.SelectStmt.GetIntoClause(); into != nil {
			j.known.add(relation(into.GetRel()))
		}
	case *pg_query.Node_VariableSetStmt:
		j.set(s.VariableSetStmt)
	case *pg_query.Node_CreateTableAsStmt:
		if !s.CreateTableAsStmt.GetIfNotExists() {
			j.known.add(relation(s.CreateTableAsStmt.GetInto().GetRel()))
		}
	case *pg_query.Node_CreateSeqStmt:
		j.known.add(relation(s.CreateSeqStmt.GetSequence()))
	case *pg_query.Node_CreateEnumStmt:
		j.known.add(dotted(s.CreateEnumStmt.GetTypeName()))
	case *pg_query.Node_CreateRangeStmt:
		j.known.add(dotted(s.CreateRangeStmt.GetTypeName()))
	case *pg_query.Node_CompositeTypeStmt:
		j.known.add(relation(s.CompositeTypeStmt.GetTypevar()))
	case *pg_query.Node_CreateDomainStmt:
		j.known.add(dotted(s.CreateDomainStmt.GetDomainname()))
	case *pg_query.Node_CreateSchemaStmt:
		j.known.add(s.CreateSchemaStmt.GetSchemaname())
	case *pg_query.Node_DefineStmt:
		if s.DefineStmt.GetReplace() {
			j.refuse("replaces "+dotted(s.DefineStmt.GetDefnames()), "create it under a new name")
			return
		}
		j.known.add(dotted(s.DefineStmt.GetDefnames()))
	case *pg_query.Node_CreateExtensionStmt, *pg_query.Node_CreateStatsStmt, *pg_query.Node_CommentStmt:
	case *pg_query.Node_DoStmt:
		j.refuse("runs a DO block, which cannot be checked", "write its statements out, or accept it with `-- release: contract <reason>`")
	case *pg_query.Node_TransactionStmt:
		j.refuse("begins or ends a transaction itself", "remove it: each migration runs in a transaction")
	case *pg_query.Node_LockStmt:
		j.refuse("locks tables", "the previous release would wait: statements take the locks they need")
	default:
		j.refuse(fmt.Sprintf("%s is not known to be compatible with the previous release", keyword(j.sql, j.line)),
			"use statements that only add, or accept it with `-- release: contract <reason>`")
	}
}

// keyword returns the first words of the statement on a line.
func keyword(sql string, line int) string {
	lines := strings.Split(sql, "\n")
	if line < 1 || line > len(lines) {
		return "the statement"
	}
	words := strings.Fields(strings.TrimSuffix(strings.TrimSpace(lines[line-1]), ";"))
	return "`" + strings.Join(words[:min(len(words), 4)], " ") + " …`"
}

func (j *judgement) with(clause *pg_query.WithClause) {
	for _, node := range clause.GetCtes() {
		query := node.GetCommonTableExpr().GetCtequery()
		switch query.GetNode().(type) {
		case *pg_query.Node_UpdateStmt, *pg_query.Node_DeleteStmt, *pg_query.Node_InsertStmt, *pg_query.Node_SelectStmt:
			j.statement(query)
		default:
			j.refuse("runs a statement inside WITH, which cannot be checked", "write it as a separate statement")
		}
	}
}

func (j *judgement) update(s *pg_query.UpdateStmt) {
	j.with(s.GetWithClause())
	table := relation(s.GetRelation())
	if j.known.has(table) {
		return
	}
	for _, target := range s.GetTargetList() {
		if column := target.GetResTarget().GetName(); !j.known.hasColumn(table, column) {
			j.refuse(fmt.Sprintf("changes values of %s.%s", table, column),
				"the previous release reads them, and a rollback does not restore them: fill a new column instead")
		}
	}
}

func (j *judgement) insert(s *pg_query.InsertStmt) {
	j.with(s.GetWithClause())
	if query := s.GetSelectStmt().GetSelectStmt(); query != nil {
		j.with(query.GetWithClause())
	}
	table := relation(s.GetRelation())
	if s.GetOnConflictClause().GetAction() == pg_query.OnConflictAction_ONCONFLICT_UPDATE && !j.known.has(table) {
		j.refuse("overwrites rows of "+table, "only insert missing rows: ON CONFLICT DO NOTHING")
	}
}

func (j *judgement) set(s *pg_query.VariableSetStmt) {
	switch s.GetName() {
	case "search_path", "role", "session_authorization":
		j.refuse("sets "+s.GetName(), "qualify names with their schema; migrations run as the database's owner")
		return
	}
	if !s.GetIsLocal() && !j.noTransaction {
		j.refuse("sets "+s.GetName()+" for the whole session", "use SET LOCAL: the next migration runs on the same connection")
	}
}

func (j *judgement) alterEnum(s *pg_query.AlterEnumStmt) {
	name := dotted(s.GetTypeName())
	switch {
	case j.known.has(name):
	case s.GetOldVal() != "":
		j.refuse(fmt.Sprintf("renames value %s of %s", s.GetOldVal(), name), "the previous release writes the old one: add the new value beside it")
	default:
		j.note(fmt.Sprintf("adds value %s to %s: the previous release must be able to read it", s.GetNewVal(), name))
	}
}

func (j *judgement) createView(s *pg_query.ViewStmt) {
	name := relation(s.GetView())
	if s.GetReplace() && !j.known.has(name) {
		j.refuse("replaces view "+name, "the previous release reads the old one: create it under a new name, or without OR REPLACE if it is new")
		return
	}
	j.known.add(name)
}

func (j *judgement) createFunction(s *pg_query.CreateFunctionStmt) {
	name := dotted(s.GetFuncname())
	if s.GetReplace() && !j.known.has(name) {
		j.refuse("replaces function "+name, "the previous release calls the old one: create it under a new name, or without OR REPLACE if it is new")
		return
	}
	j.known.add(name)
}

func (j *judgement) createTrigger(s *pg_query.CreateTrigStmt) {
	if table := relation(s.GetRelation()); !j.known.has(table) {
		j.note(fmt.Sprintf("trigger %s also fires on the previous release's writes to %s: it must not make them fail", s.GetTrigname(), table))
	}
}

func (j *judgement) createPolicy(s *pg_query.CreatePolicyStmt) {
	table := relation(s.GetTable())
	switch {
	case j.known.has(table):
	case !s.GetPermissive():
		j.refuse(fmt.Sprintf("restricts %s by policy %s", table, s.GetPolicyName()), "the previous release would miss rows: "+later)
	default:
		j.note(fmt.Sprintf("policy %s shows more rows of %s to the previous release too", s.GetPolicyName(), table))
	}
}
