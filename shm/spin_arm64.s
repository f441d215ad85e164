#include "textflag.h"

// func spin(turns uint32)
TEXT ·spin(SB), NOSPLIT, $0-4
	MOVWU turns+0(FP), R0
again:
	YIELD
	YIELD
	YIELD
	YIELD
	SUBW $1, R0
	CBNZ R0, again
	RET
