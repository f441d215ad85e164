package vm

import (
	"slices"

	"github.com/yuin/gopher-lua/ast"
)

// concatName is the name of the upvalue that holds our concatenation. It can
// not be written in source, so no script shadows it.
const concatName = "(concat)"

// maxConcat is how many operands one call of our concatenation takes; longer
// chains become nested calls, to stay within the registers of a function.
const maxConcat = 40

// rewriteBlock changes the statements in place: every ".." becomes a call of
// our concatenation, whose numbers look like LuaJIT's, and literals that the
// compiler would misread get a form that it reads.
func rewriteBlock(block []ast.Stmt) {
	(&rewriter{}).block(block)
}

// rewriter is inside a function whose last parameter has a name.
type rewriter struct {
	last string
}

func (r *rewriter) block(block []ast.Stmt) {
	for i, stmt := range block {
		r.stmt(stmt)
		if assign, ok := stmt.(*ast.AssignStmt); ok && r.clobbers(assign) {
			block[i] = viaLocals(assign)
		}
		if choice, ok := stmt.(*ast.IfStmt); ok && isNever(choice.Condition) {
			block[i] = otherwise(choice)
		}
		if (i == 0 || isLabel(block[i-1])) && mayJump(block[i]) {
			block[i] = behindAnother(block[i])
		}
	}
}

// clobbers tells whether gopher-lua's compiler may go wrong. It writes a local
// variable before it has read all values of a multiple assignment; it leaves
// the variable as it is where the left of an "and" is false; and it makes a
// call whose result is for the last parameter in the registers of that
// parameter and of the variables behind it.
func (r *rewriter) clobbers(assign *ast.AssignStmt) bool {
	if len(assign.Lhs) > 1 {
		return !isSafe(assign)
	}
	name, ok := assign.Lhs[0].(*ast.IdentExpr)
	return ok && (isLogical(assign.Rhs[0]) || name.Value == r.last && slices.ContainsFunc(assign.Rhs, mayCall))
}

func isLogical(expr ast.Expr) bool {
	_, ok := expr.(*ast.LogicalOpExpr)
	return ok
}

// isSafe tells of the multiple assignments that gopher-lua gets right: all
// values come from one call, or are constants, or go into fields.
func isSafe(assign *ast.AssignStmt) bool {
	if len(assign.Rhs) == 1 && isMulti(assign.Rhs[0]) {
		return !mixed(assign)
	}
	if len(assign.Rhs) != len(assign.Lhs) {
		return false
	}
	return allConstant(assign.Rhs) && !mixed(assign) || !slices.ContainsFunc(assign.Lhs, isName)
}

// isMulti tells whether an expression may have more or less than one value.
func isMulti(expr ast.Expr) bool {
	switch e := expr.(type) {
	case *ast.FuncCallExpr:
		return !e.AdjustRet
	case *ast.Comma3Expr:
		return !e.AdjustRet
	}
	return false
}

func isName(expr ast.Expr) bool {
	_, ok := expr.(*ast.IdentExpr)
	return ok
}

func allConstant(exprs []ast.Expr) bool {
	return !slices.ContainsFunc(exprs, func(expr ast.Expr) bool { return isName(expr) || mayCall(expr) })
}

// mixed tells whether names and fields stand on the left.
func mixed(assign *ast.AssignStmt) bool {
	names := 0
	for _, to := range assign.Lhs {
		if isName(to) {
			names++
		}
	}
	return names > 0 && names < len(assign.Lhs)
}

// mayCall tells whether the compiler may make a call right where the value of
// an expression is to be.
func mayCall(expr ast.Expr) bool {
	switch expr.(type) {
	case *ast.NilExpr, *ast.TrueExpr, *ast.FalseExpr, *ast.NumberExpr, *ast.StringExpr, *ast.IdentExpr, *ast.FunctionExpr:
		return false
	}
	return true
}

// viaLocals makes "a, t.x = x, y" into "do local t0 = t local t1, t2 = x, y
// t0.x = t2 a = t1 end".
func viaLocals(assign *ast.AssignStmt) ast.Stmt {
	place := func(e ast.PositionHolder) {
		e.SetLine(assign.Line())
		e.SetLastLine(assign.LastLine())
	}
	block := &ast.DoBlockStmt{}
	place(block)
	declare := func(names []string, values []ast.Expr) {
		local := &ast.LocalAssignStmt{Names: names, Exprs: values}
		place(local)
		block.Stmts = append(block.Stmts, local)
	}
	name := func(what string, i int) *ast.IdentExpr {
		e := &ast.IdentExpr{Value: "(" + what + " " + formatInt(i+1) + ")"}
		place(e)
		return e
	}
	keep := func(what string, i int, value ast.Expr) ast.Expr {
		e := name(what, i)
		declare([]string{e.Value}, []ast.Expr{value})
		return e
	}
	if len(assign.Lhs) > 1 {
		for i, to := range assign.Lhs {
			field, ok := to.(*ast.AttrGetExpr)
			if !ok {
				continue
			}
			field.Object = keep("table", i, field.Object)
			if isName(field.Key) || mayCall(field.Key) {
				field.Key = keep("key", i, field.Key)
			}
		}
	}
	names := make([]string, len(assign.Lhs))
	for i := range names {
		names[i] = name("value", i).Value
	}
	if last := len(assign.Rhs) - 1; !isMulti(assign.Rhs[last]) {
		for i := last + 1; i < len(names); i++ {
			none := &ast.NilExpr{}
			place(none)
			assign.Rhs = append(assign.Rhs, none)
		}
	}
	declare(names, assign.Rhs)
	for i := len(names) - 1; i >= 0; i-- {
		one := &ast.AssignStmt{Lhs: assign.Lhs[i : i+1 : i+1], Rhs: []ast.Expr{name("value", i)}}
		place(one)
		block.Stmts = append(block.Stmts, one)
	}
	return block
}

// function rewrites the body of a function.
func (r *rewriter) function(fn *ast.FunctionExpr, method bool) {
	outer := r.last
	r.last = ""
	if method {
		r.last = "self"
	}
	if names := fn.ParList.Names; len(names) > 0 {
		r.last = names[len(names)-1]
	}
	r.block(fn.Stmts)
	r.last = outer
}

func (r *rewriter) stmt(stmt ast.Stmt) {
	switch s := stmt.(type) {
	case *ast.AssignStmt:
		r.exprs(s.Lhs)
		r.exprs(s.Rhs)
	case *ast.LocalAssignStmt:
		r.exprs(s.Exprs)
	case *ast.FuncCallStmt:
		s.Expr = r.expr(s.Expr)
	case *ast.DoBlockStmt:
		r.block(s.Stmts)
	case *ast.WhileStmt:
		s.Condition = r.condition(s.Condition)
		r.block(s.Stmts)
	case *ast.RepeatStmt:
		s.Condition = r.condition(s.Condition)
		r.block(s.Stmts)
	case *ast.IfStmt:
		s.Condition = r.condition(s.Condition)
		r.block(s.Then)
		r.block(s.Else)
	case *ast.NumberForStmt:
		s.Init, s.Limit, s.Step = r.bound(s.Init), r.bound(s.Limit), r.bound(s.Step)
		r.block(s.Stmts)
	case *ast.GenericForStmt:
		r.exprs(s.Exprs)
		r.block(s.Stmts)
	case *ast.FuncDefStmt:
		r.function(s.Func, s.Name.Method != "")
	case *ast.ReturnStmt:
		r.exprs(s.Exprs)
	}
}

func (r *rewriter) exprs(exprs []ast.Expr) {
	for i, expr := range exprs {
		exprs[i] = r.expr(expr)
	}
}

func (r *rewriter) expr(expr ast.Expr) ast.Expr {
	switch e := expr.(type) {
	case *ast.NumberExpr:
		if e.Value == hugeLiteral {
			e.Value = "Inf"
		}
	case *ast.AttrGetExpr:
		e.Object = r.expr(e.Object)
		e.Key = r.expr(e.Key)
	case *ast.TableExpr:
		r.table(e)
	case *ast.FuncCallExpr:
		e.Func = r.expr(e.Func)
		e.Receiver = r.expr(e.Receiver)
		r.exprs(e.Args)
	case *ast.LogicalOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
		return fold(e)
	case *ast.RelationalOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
	case *ast.ArithmeticOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
	case *ast.UnaryMinusOpExpr:
		e.Expr = r.expr(e.Expr)
	case *ast.UnaryNotOpExpr:
		e.Expr = r.expr(e.Expr)
		return foldNot(e)
	case *ast.UnaryLenOpExpr:
		e.Expr = r.expr(e.Expr)
	case *ast.FunctionExpr:
		r.function(e, false)
	case *ast.StringConcatOpExpr:
		return r.concat(e)
	}
	return expr
}

// fold takes "and" and "or" away whose left side is constant: gopher-lua jumps
// astray there.
func fold(e *ast.LogicalOpExpr) ast.Expr {
	truth := false
	switch e.Lhs.(type) {
	case *ast.TrueExpr, *ast.NumberExpr, *ast.StringExpr:
		truth = true
	case *ast.FalseExpr, *ast.NilExpr:
	default:
		return e
	}
	if truth == (e.Operator == "and") {
		return single(e.Rhs)
	}
	return e.Lhs
}

// condition rewrites what an if or a loop tests; gopher-lua jumps astray at a
// plain nil.
func (r *rewriter) condition(expr ast.Expr) ast.Expr {
	expr = r.expr(expr)
	if _, isNil := expr.(*ast.NilExpr); !isNil {
		return expr
	}
	never := &ast.FalseExpr{}
	never.SetLine(expr.Line())
	never.SetLastLine(expr.LastLine())
	return never
}

func isNever(expr ast.Expr) bool {
	_, ok := expr.(*ast.FalseExpr)
	return ok
}

// otherwise gives the other branch of an if that never takes its first one:
// gopher-lua jumps past the end of the enclosing block there.
func otherwise(choice *ast.IfStmt) ast.Stmt {
	block := &ast.DoBlockStmt{Stmts: choice.Else}
	block.SetLine(choice.Line())
	block.SetLastLine(choice.LastLine())
	return block
}

// foldNot does the same for "not".
func foldNot(e *ast.UnaryNotOpExpr) ast.Expr {
	var value ast.Expr
	switch e.Expr.(type) {
	case *ast.TrueExpr, *ast.NumberExpr, *ast.StringExpr:
		value = &ast.FalseExpr{}
	case *ast.FalseExpr, *ast.NilExpr:
		value = &ast.TrueExpr{}
	default:
		return e
	}
	value.SetLine(e.Line())
	value.SetLastLine(e.LastLine())
	return value
}

// fieldsPerFlush is how many elements of a constructor gopher-lua stores at a
// time.
const fieldsPerFlush = 50

// table rewrites a constructor. gopher-lua takes a named field at the end whose
// value is a call for the end of the list, and stores the list again at every
// named field that follows a full batch.
func (r *rewriter) table(e *ast.TableExpr) {
	elements, late := 0, false
	for _, field := range e.Fields {
		field.Key = r.expr(field.Key)
		field.Value = r.expr(field.Value)
		if field.Key == nil {
			elements++
			continue
		}
		late = late || elements > 0 && elements%fieldsPerFlush == 0
		field.Value = single(field.Value)
	}
	if late {
		slices.SortStableFunc(e.Fields, func(a, b *ast.Field) int {
			if (a.Key == nil) == (b.Key == nil) {
				return 0
			}
			if a.Key != nil {
				return -1
			}
			return 1
		})
	}
}

// single cuts a call or "..." to one value.
func single(expr ast.Expr) ast.Expr {
	switch e := expr.(type) {
	case *ast.FuncCallExpr:
		e.AdjustRet = true
	case *ast.Comma3Expr:
		e.AdjustRet = true
	}
	return expr
}

// bound lets a bound of a numeric for be a string that is a number: a
// concatenation of one operand gives that number.
func (r *rewriter) bound(expr ast.Expr) ast.Expr {
	switch expr.(type) {
	case *ast.IdentExpr, *ast.AttrGetExpr, *ast.FuncCallExpr, *ast.Comma3Expr, *ast.LogicalOpExpr, *ast.StringExpr:
		return concatCall([]ast.Expr{r.operand(expr)}, expr)
	}
	return r.expr(expr)
}

// concat turns a chain of ".." into one call. The operator is
// right associative, so the chain hangs on the right operands.
func (r *rewriter) concat(e *ast.StringConcatOpExpr) ast.Expr {
	var operands []ast.Expr
	var next ast.Expr = e
	for {
		link, ok := next.(*ast.StringConcatOpExpr)
		if !ok {
			break
		}
		operands = append(operands, r.operand(link.Lhs))
		next = link.Rhs
	}
	operands = append(operands, r.operand(next))
	for len(operands) > maxConcat {
		cut := len(operands) - maxConcat
		tail := concatCall(operands[cut:], e)
		operands = append(operands[:cut:cut], tail)
	}
	return concatCall(operands, e)
}

// operand rewrites one operand. Calls and "..." are cut to one value.
func (r *rewriter) operand(expr ast.Expr) ast.Expr {
	return r.expr(single(expr))
}

func concatCall(operands []ast.Expr, at ast.Expr) ast.Expr {
	name := &ast.IdentExpr{Value: concatName}
	call := &ast.FuncCallExpr{Func: name, Args: operands, AdjustRet: true}
	for _, e := range []ast.Expr{name, call} {
		e.SetLine(at.Line())
		e.SetLastLine(at.LastLine())
	}
	return call
}
