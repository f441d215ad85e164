package http

import "github.com/perigee-server/perigee/server/cycle"

// initCore adds the filters that belong to every response.
func initCore(_ *cycle.Conf, m *Main) error {
	m.AddHeaderFilter(OrderNotModified, nil, notModified)
	m.AddHeaderFilter(OrderRange, nil, rangeHeader)
	m.AddHeaderFilter(OrderChunked, nil, chunkedHeader)
	m.AddBodyFilter(OrderRangeBody, nil, rangeBody)
	m.AddBodyFilter(OrderChunked, nil, chunkedBody)
	return nil
}
