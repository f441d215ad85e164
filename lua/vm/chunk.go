package vm

import "strings"

// idSize is the length of a chunk's display name in bytes, with the zero byte
// that C needs (LUA_IDSIZE).
const idSize = 60

// ChunkID gives the name under which errors show a chunk: "=name" is shown as
// it is, "@file" as the file, anything else is source text and shown as
// [string "first line"]. Long names are cut to 59 bytes, as lua_Debug's
// short_src is.
func ChunkID(chunk string) string {
	if strings.HasPrefix(chunk, "=") {
		return chunk[1:min(len(chunk), idSize)]
	}
	if strings.HasPrefix(chunk, "@") {
		file := chunk[1:]
		if len(file) > idSize-1 {
			return "..." + file[len(file)-(idSize-1-3):]
		}
		return file
	}
	const room = idSize - len(`[string "..."]`) - 1
	line := chunk
	if end := strings.IndexAny(line, "\r\n"); end >= 0 {
		line = line[:end]
	}
	if len(line) > room {
		line = line[:room]
	}
	if len(line) < len(chunk) {
		line += "..."
	}
	return `[string "` + line + `"]`
}
