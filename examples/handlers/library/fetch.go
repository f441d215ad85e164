package library

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/perigee-server/perigee/server/handler"
	"github.com/perigee-server/perigee/server/handler/services"
)

func init() {
	handler.Service("getUrl", services.Every(period, getURL))
	handler.Hook("setUrl", setURL)
	handler.Sync("sortLinks", sortLinks)
	handler.Service("ask", ask)
	handler.Sync("countChange", countChange)
	handler.Sync("changes", func(string) string { return fmt.Sprint(changes.Load()) })
}

// period is how long the service rests between two looks.
const period = 20 * time.Second

// other is what setURL has set, instead of the URL in the configuration.
var other atomic.Pointer[string]

// getURL fetches a page: at once, then every period, and when a hook has run.
func getURL(ctx context.Context, url []byte) ([]byte, error) {
	address := string(url)
	if o := other.Load(); o != nil {
		address = *o
	}
	return get(ctx, address)
}

func get(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(io.LimitReader(resp.Body, 1<<20))
}

// setURL is run in every worker, whichever of them fetches.
func setURL(url []byte) ([]byte, error) {
	s := strings.TrimSpace(string(url))
	if s == "" {
		other.Store(nil)
		return []byte("getUrl service set back"), nil
	}
	other.Store(&s)
	return []byte("getUrl service set to " + s), nil
}

var link = regexp.MustCompile(`href="([^"]+)"`)

// sortLinks lists the links of a page; of none, as of a page that has not
// changed, it makes nothing.
func sortLinks(page string) string {
	var links []string
	for _, m := range link.FindAllStringSubmatch(page, -1) {
		links = append(links, m[1])
	}
	slices.Sort(links)
	return strings.Join(slices.Compact(links), "\n")
}

// ask is an update callback: it visits a location of the server itself.
func ask(ctx context.Context, url []byte, _ bool) ([]byte, error) { return get(ctx, string(url)) }

var changes atomic.Int64

func countChange(string) string { return fmt.Sprint(changes.Add(1)) }
