package vm

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

// Chunk is compiled source. It belongs to no VM and may be loaded into any
// number of them, any number of times, by any goroutine.
type Chunk struct {
	proto *lua.FunctionProto
}

// Compile normalises, parses, rewrites and compiles source. The chunk name is
// written as load gets it. Its errors are *SyntaxError.
func Compile(source, chunk string) (*Chunk, error) {
	if isBytecode(source) {
		name := ChunkID(chunk)
		if isBytecode(chunk) { // the source is its own name
			name = "(binary)"
		}
		return nil, &SyntaxError{Chunk: name, Message: "cannot load incompatible bytecode"}
	}
	text, names, err := normalize(source, chunk)
	if err != nil {
		return nil, blame(source, chunk, err)
	}
	name := ChunkID(chunk)
	block, err := parse.Parse(strings.NewReader(text), name)
	if err != nil {
		return nil, blame(source, chunk, parserError(err, name, text))
	}
	rememberFile(chunk, name)
	names.restore(block)
	rewriteBlock(block)
	outer, err := lua.Compile(wrap(block), name)
	if err != nil {
		return nil, blame(source, chunk, compilerError(err, name))
	}
	return &Chunk{proto: outer.FunctionPrototypes[0]}, nil
}

// blame prefers what LuaJIT would say to an error of the parser, which words
// it in another way, or of the lexer, which may have gone on past it.
func blame(source, chunk string, err error) error {
	if found := diagnose(source, chunk); found != nil {
		return found
	}
	return err
}

// wrap puts the block into a function below a local variable that holds our
// concatenation: the function sees it as an upvalue.
func wrap(block []ast.Stmt) []ast.Stmt {
	local := &ast.LocalAssignStmt{Names: []string{concatName}, Exprs: []ast.Expr{&ast.NilExpr{}}}
	main := &ast.FunctionExpr{ParList: &ast.ParList{HasVargs: true}, Stmts: block}
	last := 1
	if len(block) > 0 {
		tail := block[len(block)-1]
		last = max(tail.Line(), tail.LastLine(), 1)
	}
	main.SetLastLine(last)
	result := &ast.ReturnStmt{Exprs: []ast.Expr{main}}
	return []ast.Stmt{local, result}
}

// Load makes a function of the chunk in the VM of L. Its environment is that
// of the running function.
func (c *Chunk) Load(L *lua.LState) *lua.LFunction {
	fn := L.NewFunctionFromProto(c.proto)
	for i, name := range c.proto.DbgUpvalues {
		fn.Upvalues[i] = &lua.Upvalue{}
		if name == concatName {
			fn.Upvalues[i].SetValue(concatFunction(L))
		}
	}
	return fn
}

func parserError(err error, name, text string) error {
	var failure *parse.Error
	if !errors.As(err, &failure) {
		return &SyntaxError{Chunk: name, Line: 1, Message: strings.TrimSpace(err.Error())}
	}
	if failure.Pos.Line == parse.EOF {
		lines := 1 + strings.Count(text, "\n")
		return &SyntaxError{Chunk: name, Line: lines, Message: "unexpected symbol near '<eof>'"}
	}
	return &SyntaxError{Chunk: name, Line: failure.Pos.Line, Message: fmt.Sprintf("unexpected symbol near '%s'", failure.Token)}
}

// labelErrors are the compiler's messages about goto, and LuaJIT's for them.
var labelErrors = []struct {
	pattern *regexp.Regexp
	message string
}{
	{regexp.MustCompile(`^no visible label '(.*)' for <goto> at line (\d+)`), "undefined label '$1'"},
	{regexp.MustCompile(`^<goto (.*)> at line (\d+) (jumps into the scope of local '.*')`), "<goto $1> $3"},
	{regexp.MustCompile(`^label '(.*)' already defined on line (\d+)`), "duplicate label '$1'"},
}

func compilerError(err error, name string) error {
	var failure *lua.CompileError
	if !errors.As(err, &failure) {
		return &SyntaxError{Chunk: name, Line: 1, Message: err.Error()}
	}
	for _, known := range labelErrors {
		words := known.pattern.FindStringSubmatch(failure.Message)
		if words == nil {
			continue
		}
		line, _ := strconv.Atoi(words[2])
		return &SyntaxError{Chunk: name, Line: line, Message: known.pattern.ReplaceAllString(failure.Message, known.message)}
	}
	return &SyntaxError{Chunk: name, Line: failure.Line, Message: failure.Message}
}
