#include "textflag.h"

// func spin(turns uint32)
TEXT ·spin(SB), NOSPLIT, $0-4
	MOVL turns+0(FP), AX
again:
	PAUSE
	SUBL $1, AX
	JNZ  again
	RET
