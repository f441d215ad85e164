package vm

import (
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
	for _, stmt := range block {
		rewriteStmt(stmt)
	}
}

func rewriteStmt(stmt ast.Stmt) {
	switch s := stmt.(type) {
	case *ast.AssignStmt:
		rewriteExprs(s.Lhs)
		rewriteExprs(s.Rhs)
	case *ast.LocalAssignStmt:
		rewriteExprs(s.Exprs)
	case *ast.FuncCallStmt:
		s.Expr = rewriteExpr(s.Expr)
	case *ast.DoBlockStmt:
		rewriteBlock(s.Stmts)
	case *ast.WhileStmt:
		s.Condition = rewriteExpr(s.Condition)
		rewriteBlock(s.Stmts)
	case *ast.RepeatStmt:
		s.Condition = rewriteExpr(s.Condition)
		rewriteBlock(s.Stmts)
	case *ast.IfStmt:
		s.Condition = rewriteExpr(s.Condition)
		rewriteBlock(s.Then)
		rewriteBlock(s.Else)
	case *ast.NumberForStmt:
		s.Init, s.Limit, s.Step = rewriteBound(s.Init), rewriteBound(s.Limit), rewriteBound(s.Step)
		rewriteBlock(s.Stmts)
	case *ast.GenericForStmt:
		rewriteExprs(s.Exprs)
		rewriteBlock(s.Stmts)
	case *ast.FuncDefStmt:
		rewriteBlock(s.Func.Stmts)
	case *ast.ReturnStmt:
		rewriteExprs(s.Exprs)
	}
}

func rewriteExprs(exprs []ast.Expr) {
	for i, expr := range exprs {
		exprs[i] = rewriteExpr(expr)
	}
}

func rewriteExpr(expr ast.Expr) ast.Expr {
	switch e := expr.(type) {
	case *ast.NumberExpr:
		if e.Value == hugeLiteral {
			e.Value = "Inf"
		}
	case *ast.AttrGetExpr:
		e.Object = rewriteExpr(e.Object)
		e.Key = rewriteExpr(e.Key)
	case *ast.TableExpr:
		for _, field := range e.Fields {
			field.Key = rewriteExpr(field.Key)
			field.Value = rewriteExpr(field.Value)
		}
	case *ast.FuncCallExpr:
		e.Func = rewriteExpr(e.Func)
		e.Receiver = rewriteExpr(e.Receiver)
		rewriteExprs(e.Args)
	case *ast.LogicalOpExpr:
		e.Lhs, e.Rhs = rewriteExpr(e.Lhs), rewriteExpr(e.Rhs)
	case *ast.RelationalOpExpr:
		e.Lhs, e.Rhs = rewriteExpr(e.Lhs), rewriteExpr(e.Rhs)
	case *ast.ArithmeticOpExpr:
		e.Lhs, e.Rhs = rewriteExpr(e.Lhs), rewriteExpr(e.Rhs)
	case *ast.UnaryMinusOpExpr:
		e.Expr = rewriteExpr(e.Expr)
	case *ast.UnaryNotOpExpr:
		e.Expr = rewriteExpr(e.Expr)
	case *ast.UnaryLenOpExpr:
		e.Expr = rewriteExpr(e.Expr)
	case *ast.FunctionExpr:
		rewriteBlock(e.Stmts)
	case *ast.StringConcatOpExpr:
		return rewriteConcat(e)
	}
	return expr
}

// rewriteBound lets a bound of a numeric for be a string that is a number: a
// concatenation of one operand gives that number.
func rewriteBound(expr ast.Expr) ast.Expr {
	switch expr.(type) {
	case *ast.IdentExpr, *ast.AttrGetExpr, *ast.FuncCallExpr, *ast.Comma3Expr, *ast.LogicalOpExpr, *ast.StringExpr:
		return concatCall([]ast.Expr{concatOperand(expr)}, expr)
	}
	return rewriteExpr(expr)
}

// rewriteConcat turns a chain of ".." into one call. The operator is
// right associative, so the chain hangs on the right operands.
func rewriteConcat(e *ast.StringConcatOpExpr) ast.Expr {
	var operands []ast.Expr
	var next ast.Expr = e
	for {
		link, ok := next.(*ast.StringConcatOpExpr)
		if !ok {
			break
		}
		operands = append(operands, concatOperand(link.Lhs))
		next = link.Rhs
	}
	operands = append(operands, concatOperand(next))
	for len(operands) > maxConcat {
		cut := len(operands) - maxConcat
		tail := concatCall(operands[cut:], e)
		operands = append(operands[:cut:cut], tail)
	}
	return concatCall(operands, e)
}

// concatOperand rewrites one operand. Calls and "..." are cut to one value.
func concatOperand(expr ast.Expr) ast.Expr {
	switch e := expr.(type) {
	case *ast.FuncCallExpr:
		e.AdjustRet = true
	case *ast.Comma3Expr:
		e.AdjustRet = true
	}
	return rewriteExpr(expr)
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
