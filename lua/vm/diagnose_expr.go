package vm

func (d *diagnosis) expressions() {
	d.expression()
	for d.accept(",") {
		d.expression()
	}
}

func (d *diagnosis) expression() { d.binary(0) }

// priorities are those of the binary operators, to the left and to the right.
var priorities = map[string][2]int{
	"+": {6, 6}, "-": {6, 6}, "*": {7, 7}, "/": {7, 7}, "%": {7, 7}, "^": {10, 9}, "..": {5, 4},
	"~=": {3, 3}, "==": {3, 3}, "<": {3, 3}, "<=": {3, 3}, ">": {3, 3}, ">=": {3, 3}, "and": {2, 2}, "or": {1, 1},
}

const unaryPriority = 8

func (d *diagnosis) binary(limit int) {
	d.enter()
	switch d.token.kind {
	case "not", "-", "#":
		d.next()
		d.binary(unaryPriority)
	default:
		d.simple()
	}
	for {
		priority, isOperator := priorities[d.token.kind]
		if !isOperator || priority[0] <= limit {
			break
		}
		d.next()
		d.binary(priority[1])
	}
	d.leave()
}

func (d *diagnosis) simple() {
	switch d.token.kind {
	case numberToken, stringToken, "nil", "true", "false":
		d.next()
	case "...":
		if !d.vararg {
			d.fail("cannot use '...' outside a vararg function")
		}
		d.next()
	case "{":
		d.table()
	case "function":
		line := d.token.line
		d.next()
		d.body(line)
	default:
		d.primary()
	}
}

// primary reads a name or an expression in parentheses, with what is indexed
// and called behind it.
func (d *diagnosis) primary() (kind int) {
	switch {
	case d.is("("):
		line := d.token.line
		d.next()
		d.expression()
		d.match(")", "(", line)
		kind = isValue
	case d.isName():
		d.next()
		kind = isVariable
	default:
		d.fail("unexpected symbol")
	}
	for {
		switch d.token.kind {
		case ".":
			d.next()
			d.name()
			kind = isVariable
		case "[":
			d.next()
			d.expression()
			d.check("]")
			kind = isVariable
		case ":":
			d.next()
			d.name()
			d.arguments()
			kind = isCall
		case "(", stringToken, "{":
			d.arguments()
			kind = isCall
		default:
			return kind
		}
	}
}

func (d *diagnosis) arguments() {
	switch d.token.kind {
	case "(":
		line := d.token.line
		if line != d.token.last {
			d.fail("ambiguous syntax (function call x new statement)")
		}
		d.next()
		if !d.is(")") {
			d.expressions()
		}
		d.match(")", "(", line)
	case "{":
		d.table()
	case stringToken:
		d.next()
	default:
		d.fail("function arguments expected")
	}
}

func (d *diagnosis) table() {
	line := d.token.line
	d.check("{")
	for !d.is("}") {
		switch {
		case d.is("["):
			d.next()
			d.expression()
			d.check("]")
			d.check("=")
		case d.isName() && d.peek() == "=":
			d.next()
			d.next()
		}
		d.expression()
		if !d.accept(",") && !d.accept(";") {
			break
		}
	}
	d.match("}", "{", line)
}

// body reads the parameters and the block of a function.
func (d *diagnosis) body(line int) {
	outer := d.vararg
	d.vararg = false
	d.check("(")
	if !d.is(")") {
		d.parameters()
	}
	d.check(")")
	d.chunk()
	d.match("end", "function", line)
	d.vararg = outer
}

func (d *diagnosis) parameters() {
	for {
		switch {
		case d.isName():
			d.next()
		case d.is("..."):
			d.next()
			d.vararg = true
			return
		default:
			d.fail("<name> or '...' expected")
		}
		if !d.accept(",") {
			return
		}
	}
}
