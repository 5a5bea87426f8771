package migration

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	pgquery "github.com/wasilibs/go-pgquery"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protopath"
	"google.golang.org/protobuf/reflect/protorange"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// goose's annotations, and the mark with which a migration accepts that it contracts.
var (
	down          = regexp.MustCompile(`(?im)^\s*--\s*\+goose\s+down\b`)
	noTransaction = regexp.MustCompile(`(?im)^\s*--\s*\+goose\s+no\s+transaction\b`)
	substitution  = regexp.MustCompile(`(?im)^\s*--\s*\+goose\s+envsub\s+on\b`)
	contract      = regexp.MustCompile(`(?m)^\s*--\s*release:\s*contract\b[: \t]*(.*?)\s*$`)
)

// judge returns the statements of an unreleased migration that may break the previous
// release. It parses the SQL with PostgreSQL's own parser (libpg_query). What cannot be
// parsed or seen, such as substituted variables, is refused: it cannot be judged. A
// migration down is never run, so it is not judged.
func judge(file File, known created) (findings []Finding) {
	up := file.Content
	if at := down.FindStringIndex(up); at != nil {
		up = up[:at[0]]
	}
	mark, alone := contract.FindStringSubmatch(up), noTransaction.MatchString(up)
	tree, err := pgquery.Parse(up)
	refused := func(problem, remedy string) []Finding {
		return []Finding{{File: file.Name, Problem: problem, Remedy: remedy}}
	}
	switch {
	case substitution.MatchString(up):
		return refused("uses environment variables (ENVSUB)", "write the values out, so that the statements can be checked")
	case mark != nil && mark[1] == "":
		return refused("is marked as contracting without a reason", "write `-- release: contract <reason>`")
	case err != nil:
		return refused("is not valid SQL", err.Error())
	case alone && len(tree.GetStmts()) > 1:
		return refused("runs several statements with NO TRANSACTION",
			"put each into its own migration: outside a transaction, statements before a failed one stay applied")
	}
	for _, statement := range tree.GetStmts() {
		remedy := known.breaks(statement.GetStmt(), alone)
		if remedy == "" {
			continue
		}
		line, text := excerpt(up, int(statement.GetStmtLocation()), int(statement.GetStmtLen()))
		finding := Finding{file.Name, line, Refusal, text + " may break the previous release", remedy}
		if mark != nil {
			finding = Finding{file.Name, line, Accepted, text, "accepted because: " + mark[1]}
		}
		findings = append(findings, finding)
	}
	return findings
}

// leading is what the parser counts to a statement although it is before it.
var leading = regexp.MustCompile(`^(?:[\s;]|--.*)*`)

// excerpt returns a statement's line and its beginning.
func excerpt(sql string, from, length int) (line int, text string) {
	end := len(sql)
	if length > 0 {
		end = from + length
	}
	from += len(leading.FindString(sql[from:end]))
	text = strings.Join(strings.Fields(sql[from:end]), " ")
	if runes := []rune(text); len(runes) > 100 {
		text = string(runes[:100]) + " …"
	}
	return 1 + strings.Count(sql[:from], "\n"), text
}

// What to do instead of a statement that breaks the previous release.
const (
	contracts = "add what is new beside it, and contract in a later release, when no release that needs it can be rolled back to; or accept it with `-- release: contract <reason>`"
	inPlace   = "create it under a new name, or without OR REPLACE if it is new: the previous release uses the old one"
	settings  = "use SET LOCAL, for nothing that decides which objects are meant: the next migration runs on the same connection"
	values    = "fill a new column: a rollback does not restore values"
	overwrite = "only insert missing rows: ON CONFLICT DO NOTHING"
	deletion  = "add ON DELETE CASCADE or SET NULL: the previous release does not delete the new rows first"
	waits     = "use CREATE INDEX CONCURRENTLY in a migration of its own, with `-- +goose NO TRANSACTION` above `-- +goose Up`: otherwise writes wait"
	validates = "add it NOT VALID, and VALIDATE CONSTRAINT in a later migration: otherwise writes wait"
	rewrites  = "add the column without the default, then set it, and fill the column in small steps: each row gets a value of its own, and the whole table is rewritten"
	required  = "allow null or give a default, and no serial type: the previous release leaves the column out"
	fills     = "add the column empty, fill it in small steps, and then add the index or constraint: otherwise writes wait"
)

// rules are the kinds of statements that expand, by their names in PostgreSQL's parse
// tree: all of them, or those of which a field is set or not set. Others break the
// previous release until somebody has looked at them. So does what makes writes wait,
// since a release is deployed while people use the one before.
var rules = map[protoreflect.Name]struct {
	field  protoreflect.Name
	set    bool
	remedy string
}{
	"CommentStmt": {}, "CompositeTypeStmt": {}, "CreateDomainStmt": {}, "CreateEnumStmt": {}, "CreateExtensionStmt": {}, "CreateRangeStmt": {},
	"CreateSchemaStmt": {}, "CreateSeqStmt": {}, "CreateStatsStmt": {}, "CreateStmt": {}, "CreateTableAsStmt": {}, "SelectStmt": {},
	"AlterEnumStmt":      {"old_val", false, contracts},
	"CreateFunctionStmt": {"replace", false, inPlace},
	"CreatePolicyStmt":   {"permissive", true, contracts},
	"DefineStmt":         {"replace", false, inPlace}, // an aggregate, an operator or a type
	"GrantRoleStmt":      {"is_grant", true, contracts},
	"GrantStmt":          {"is_grant", true, contracts},
	"VariableSetStmt":    {"is_local", true, settings},
	"ViewStmt":           {"replace", false, inPlace},
}

// created has the tables that unreleased migrations create, and as table.column the
// columns that they add to released tables. No released code uses them, so later
// migrations may change them in any way. Names are without the schema public.
type created map[string]bool

// breaks returns what to do instead if the previous release does not work after a
// statement as before, and otherwise nothing. alone means that the statement runs outside
// a transaction.
func (known created) breaks(node *pg.Node, alone bool) (remedy string) {
	message := node.ProtoReflect()
	message = message.Get(message.WhichOneof(message.Descriptor().Oneofs().Get(0))).Message()
	statement, table := message.Interface(), ""
	switch s := statement.(type) {
	case interface{ GetRelation() *pg.RangeVar }:
		table = name(s.GetRelation())
	case interface{ GetTable() *pg.RangeVar }: // of a policy
		table = name(s.GetTable())
	}
	if s, ok := statement.(*pg.CreateStmt); ok && !s.GetIfNotExists() { // otherwise it may be there already
		known[table] = true
	}
	// A SELECT can hide a DELETE in WITH.
	each(statement, func(with *pg.CommonTableExpr) { remedy = cmp.Or(remedy, known.breaks(with.GetCtequery(), alone)) })
	each(statement, func(constraint *pg.Constraint) {
		rejects := constraint.GetFkDelAction() == "a" || constraint.GetFkDelAction() == "r"
		if constraint.GetContype() == pg.ConstrType_CONSTR_FOREIGN && rejects && !known[name(constraint.GetPktable())] {
			remedy = deletion
		}
	})
	if remedy != "" || known[table] {
		return remedy
	}
	switch s := statement.(type) {
	case *pg.AlterTableStmt:
		for _, cmd := range s.GetCmds() {
			remedy = cmp.Or(remedy, known.alters(table, cmd.GetAlterTableCmd()))
		}
		return remedy
	case *pg.IndexStmt:
		if s.GetUnique() {
			return contracts
		}
		return unless(s.GetConcurrent() && alone, waits)
	case *pg.UpdateStmt:
		return unless(!slices.ContainsFunc(s.GetTargetList(), func(n *pg.Node) bool { return !known[table+"."+n.GetResTarget().GetName()] }), values)
	case *pg.InsertStmt:
		return unless(s.GetOnConflictClause().GetAction() != pg.OnConflictAction_ONCONFLICT_UPDATE, overwrite)
	case *pg.VariableSetStmt:
		if slices.Contains([]string{"search_path", "role", "session_authorization"}, s.GetName()) {
			return settings
		}
	case *pg.DropStmt: // of a table, or of what is on a table
		return unless(!slices.ContainsFunc(s.GetObjects(), func(n *pg.Node) bool {
			names := n.GetList().GetItems()
			return !known[dotted(names)] && !known[dotted(names[:max(len(names)-1, 0)])]
		}), contracts)
	}
	rule, ok := rules[message.Descriptor().Name()]
	if !ok {
		return contracts
	}
	field := message.Descriptor().Fields().ByName(rule.field)
	return unless(field == nil || message.Has(field) == rule.set, rule.remedy)
}

// alters judges one change of a released table.
func (known created) alters(table string, cmd *pg.AlterTableCmd) (remedy string) {
	isNew := known[table+"."+cmd.GetName()]
	switch cmd.GetSubtype() {
	case pg.AlterTableType_AT_AddColumn:
		column := cmd.GetDef().GetColumnDef()
		known[table+"."+column.GetColname()] = true
		return adds(column)
	case pg.AlterTableType_AT_DropColumn, pg.AlterTableType_AT_AlterColumnType:
		return unless(isNew, contracts)
	case pg.AlterTableType_AT_ColumnDefault:
		return unless(isNew || cmd.GetDef() != nil, contracts)
	case pg.AlterTableType_AT_AddConstraint:
		constraint := cmd.GetDef().GetConstraint()
		if kind := constraint.GetContype(); kind != pg.ConstrType_CONSTR_CHECK && kind != pg.ConstrType_CONSTR_FOREIGN {
			return contracts
		}
		return unless(constraint.GetSkipValidation(), validates)
	case pg.AlterTableType_AT_DropNotNull, pg.AlterTableType_AT_ValidateConstraint, pg.AlterTableType_AT_SetStatistics, pg.AlterTableType_AT_SetStorage,
		pg.AlterTableType_AT_SetCompression, pg.AlterTableType_AT_SetRelOptions, pg.AlterTableType_AT_ResetRelOptions:
		return ""
	}
	return contracts // row security, among others
}

// adds accepts a column that the previous release can leave out, and that needs no rewrite
// of the table. A constant default is stored once in the catalog and rewrites nothing.
func adds(column *pg.ColumnDef) (remedy string) {
	var notNull, valued bool
	for _, node := range column.GetConstraints() {
		constraint := node.GetConstraint()
		switch constraint.GetContype() {
		case pg.ConstrType_CONSTR_NULL, pg.ConstrType_CONSTR_FOREIGN, pg.ConstrType_CONSTR_CHECK:
		case pg.ConstrType_CONSTR_NOTNULL:
			notNull = true
		case pg.ConstrType_CONSTR_DEFAULT:
			valued = !constraint.GetRawExpr().GetAConst().GetIsnull()
			each(constraint.GetRawExpr(), func(call *pg.FuncCall) {
				// These give one value for all rows of a statement.
				if !slices.Contains([]string{"now", "transaction_timestamp", "statement_timestamp", "current_setting"}, dotted(call.GetFuncname())) {
					remedy = rewrites
				}
			})
		default:
			remedy = fills
		}
	}
	if strings.Contains(dotted(column.GetTypeName().GetNames()), "serial") || notNull && !valued {
		return required
	}
	return remedy
}

// each visits every part of a statement that is a T, at any depth.
func each[T proto.Message](statement proto.Message, visit func(T)) {
	_ = protorange.Range(statement.ProtoReflect(), func(path protopath.Values) error {
		if message, ok := path.Index(-1).Value.Interface().(protoreflect.Message); ok {
			if part, ok := message.Interface().(T); ok {
				visit(part)
			}
		}
		return nil
	}) // which the function above never ends
}

// name is a table's name.
func name(r *pg.RangeVar) string {
	return strings.TrimPrefix(strings.TrimPrefix(r.GetSchemaname()+"."+r.GetRelname(), "."), "public.")
}

// dotted joins a qualified name.
func dotted(nodes []*pg.Node) string {
	var parts []string
	for _, node := range nodes {
		parts = append(parts, node.GetString_().GetSval())
	}
	return strings.TrimPrefix(strings.TrimPrefix(strings.Join(parts, "."), "public."), "pg_catalog.")
}

func unless(expands bool, remedy string) string {
	if expands {
		return ""
	}
	return remedy
}
