// Package vm is the room of the Lua engine: gopher-lua, unmodified, made to
// look like LuaJIT to a script. What differs is corrected from outside: source
// text by the normaliser (Normalize) before gopher-lua's parser sees it,
// operators by a rewrite of the syntax tree before its compiler, and library
// functions by replacements. The package knows nothing of nginx.
package vm
