package vm

import "github.com/yuin/gopher-lua/ast"

// nothingName is the name of a variable that keeps a jump from being the first
// instruction of a block. It can not be written in source.
const nothingName = "(nothing)"

// mayJump tells whether the first instruction of a statement may be a jump.
// gopher-lua shortens jumps that end at another jump, and goes astray when it
// jumps back to one that it has shortened already: to the begin of a loop's
// body, or to a label.
func mayJump(stmt ast.Stmt) bool {
	switch s := stmt.(type) {
	case *ast.BreakStmt, *ast.GotoStmt, *ast.RepeatStmt:
		return true
	case *ast.DoBlockStmt:
		return len(s.Stmts) > 0 && mayJump(s.Stmts[0])
	case *ast.WhileStmt:
		return isConstant(s.Condition)
	case *ast.IfStmt:
		return isConstant(s.Condition)
	}
	return false
}

func isLabel(stmt ast.Stmt) bool {
	_, ok := stmt.(*ast.LabelStmt)
	return ok
}

func isConstant(expr ast.Expr) bool {
	switch expr.(type) {
	case *ast.TrueExpr, *ast.FalseExpr, *ast.NilExpr, *ast.NumberExpr, *ast.StringExpr:
		return true
	}
	return false
}

// behindAnother makes a statement into "do local nothing = nil statement end".
func behindAnother(stmt ast.Stmt) ast.Stmt {
	none := &ast.NilExpr{}
	local := &ast.LocalAssignStmt{Names: []string{nothingName}, Exprs: []ast.Expr{none}}
	block := &ast.DoBlockStmt{Stmts: []ast.Stmt{local, stmt}}
	for _, node := range []ast.PositionHolder{none, local, block} {
		node.SetLine(stmt.Line())
		node.SetLastLine(stmt.Line())
	}
	block.SetLastLine(stmt.LastLine())
	return block
}
