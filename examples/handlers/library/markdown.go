package library

import (
	"bytes"
	"html"
	"regexp"
	"strconv"
	"strings"

	"github.com/perigee-server/perigee/server/handler"
)

func init() { handler.Content("fromMd", fromMd) }

// fromMd makes a page of a little Markdown: headings, lists, paragraphs,
// emphasis and code.
func fromMd(text []byte) handler.Response {
	var b bytes.Buffer
	list := false
	for block := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n") {
		line := strings.TrimSpace(block)
		item, isItem := strings.CutPrefix(line, "* ")
		if list && !isItem {
			b.WriteString("</ul>\n")
		}
		if !list && isItem {
			b.WriteString("<ul>\n")
		}
		list = isItem
		switch level := len(line) - len(strings.TrimLeft(line, "#")); {
		case line == "":
		case isItem:
			b.WriteString("<li>" + inline(item) + "</li>\n")
		case level > 0 && level <= 6:
			n := strconv.Itoa(level)
			b.WriteString("<h" + n + ">" + inline(strings.TrimSpace(line[level:])) + "</h" + n + ">\n")
		default:
			b.WriteString("<p>" + inline(line) + "</p>\n")
		}
	}
	if list {
		b.WriteString("</ul>\n")
	}
	return handler.Response{Body: [][]byte{b.Bytes()}, ContentType: "text/html"}
}

var (
	strong = regexp.MustCompile(`\*\*(.+?)\*\*`)
	code   = regexp.MustCompile("`(.+?)`")
)

func inline(s string) string {
	s = html.EscapeString(s)
	s = code.ReplaceAllString(s, "<code>$1</code>")
	return strong.ReplaceAllString(s, "<strong>$1</strong>")
}
