package prometheus

import "testing"

func TestReadSets(t *testing.T) {
	sets, err := readSets([]byte(`{"a":{"x":1,"h_00":2,"h_01":3,"h_cnt":5,"h_err":0},"b":{}}`),
		[]byte(`{"a":{"h":{"range":{"h_00":"0.5","h_01":"+Inf"},"cnt":["h_cnt","cnt"],"err":["h_err","err"],"later":[1]}},"gone":{}}`))
	if err != nil || len(sets) != 2 || sets[0].values["h_01"] != 3 || len(sets[0].histograms) != 1 {
		t.Fatalf("%v, %+v", err, sets)
	}
	if h := sets[0].histograms[0]; !h.ranged() || h.count != "h_cnt" || h.err != "h_err" || len(h.bins) != 2 || !sets[0].parts["h_00"] || sets[0].parts["x"] {
		t.Errorf("%+v", h)
	}
	for _, wrong := range []string{`[]`, `{"a":1}`, `{"a":{"x":"y"}}`, `{"a":{"x":1`, `{"a"`} {
		if _, err := readSets([]byte(wrong), nil); err == nil {
			t.Errorf("%s is read", wrong)
		}
	}
}

func FuzzReadSets(f *testing.F) {
	f.Add([]byte(`{"a":{"x":1}}`), []byte(`{"a":{"h":{"range":{"x":"+Inf"},"cnt":["x","cnt"],"err":["y","err"]}}}`))
	f.Fuzz(func(t *testing.T, collection, layout []byte) {
		sets, err := readSets(collection, layout)
		if err == nil {
			new(settings).write(nil, sets)
		}
	})
}
