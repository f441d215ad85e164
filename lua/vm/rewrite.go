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
	}
}

// clobbers tells whether gopher-lua's compiler may go wrong. It writes a local
// variable before it has read all values of a multiple assignment; and it makes
// a call whose result is for the last parameter in the registers of that
// parameter and of the variables behind it.
func (r *rewriter) clobbers(assign *ast.AssignStmt) bool {
	if len(assign.Lhs) > 1 && len(assign.Rhs) > 1 {
		return slices.ContainsFunc(assign.Lhs, isName) && !allConstant(assign.Rhs)
	}
	for _, to := range assign.Lhs {
		if name, ok := to.(*ast.IdentExpr); ok && name.Value == r.last && r.last != "" {
			return slices.ContainsFunc(assign.Rhs, mayCall)
		}
	}
	return len(assign.Lhs) > 1 && len(conflicts(assign)) > 0
}

func isName(expr ast.Expr) bool {
	_, ok := expr.(*ast.IdentExpr)
	return ok
}

func allConstant(exprs []ast.Expr) bool {
	return !slices.ContainsFunc(exprs, func(expr ast.Expr) bool { return isName(expr) || mayCall(expr) })
}

// conflicts gives the fields on the left whose table is a variable that the
// same assignment sets.
func conflicts(assign *ast.AssignStmt) []*ast.AttrGetExpr {
	var fields []*ast.AttrGetExpr
	for _, to := range assign.Lhs {
		field, ok := to.(*ast.AttrGetExpr)
		if !ok {
			continue
		}
		table, ok := field.Object.(*ast.IdentExpr)
		if ok && slices.ContainsFunc(assign.Lhs, func(e ast.Expr) bool {
			name, ok := e.(*ast.IdentExpr)
			return ok && name.Value == table.Value
		}) {
			fields = append(fields, field)
		}
	}
	return fields
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

// viaLocals makes "a, b = x, y" into "do local t1, t2 = x, y a, b = t1, t2 end".
// A table on the left that is a variable on the left, too, is kept before.
func viaLocals(assign *ast.AssignStmt) ast.Stmt {
	place := func(e ast.PositionHolder) {
		e.SetLine(assign.Line())
		e.SetLastLine(assign.LastLine())
	}
	name := func(text string, i int) *ast.IdentExpr {
		e := &ast.IdentExpr{Value: text + formatInt(i+1) + ")"}
		place(e)
		return e
	}
	block := &ast.DoBlockStmt{}
	place(block)
	declare := func(names []string, values []ast.Expr) {
		local := &ast.LocalAssignStmt{Names: names, Exprs: values}
		place(local)
		block.Stmts = append(block.Stmts, local)
	}
	for i, field := range conflicts(assign) {
		table := name("(table ", i)
		declare([]string{table.Value}, []ast.Expr{field.Object})
		field.Object = table
	}
	names := make([]string, len(assign.Lhs))
	values := make([]ast.Expr, len(assign.Lhs))
	for i := range assign.Lhs {
		value := name("(value ", i)
		names[i], values[i] = value.Value, value
	}
	declare(names, assign.Rhs)
	assign.Rhs = values
	block.Stmts = append(block.Stmts, assign)
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
		s.Condition = r.expr(s.Condition)
		r.block(s.Stmts)
	case *ast.RepeatStmt:
		s.Condition = r.expr(s.Condition)
		r.block(s.Stmts)
	case *ast.IfStmt:
		s.Condition = r.expr(s.Condition)
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
		for _, field := range e.Fields {
			field.Key = r.expr(field.Key)
			field.Value = r.expr(field.Value)
		}
	case *ast.FuncCallExpr:
		e.Func = r.expr(e.Func)
		e.Receiver = r.expr(e.Receiver)
		r.exprs(e.Args)
	case *ast.LogicalOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
	case *ast.RelationalOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
	case *ast.ArithmeticOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
	case *ast.UnaryMinusOpExpr:
		e.Expr = r.expr(e.Expr)
	case *ast.UnaryNotOpExpr:
		e.Expr = r.expr(e.Expr)
	case *ast.UnaryLenOpExpr:
		e.Expr = r.expr(e.Expr)
	case *ast.FunctionExpr:
		r.function(e, false)
	case *ast.StringConcatOpExpr:
		return r.concat(e)
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
	switch e := expr.(type) {
	case *ast.FuncCallExpr:
		e.AdjustRet = true
	case *ast.Comma3Expr:
		e.AdjustRet = true
	}
	return r.expr(expr)
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
