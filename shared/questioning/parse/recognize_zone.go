package parse

import "time"

// Time zones. A time of day is where the person is, unless the words name another zone. Only
// the universal ones are taken: "EST" is one zone in America and another in Australia, and a zone
// that is misread moves a meeting in silence.

// zones are names of time zones: the universal ones, and those that stand for
// several zones or for one only part of the year.
var zones = map[string]bool{"utc": true, "gmt": true, "z": true, "zulu": true, "est": false, "edt": false, "cst": false, "cdt": false,
	"mst": false, "mdt": false, "pst": false, "pdt": false, "cet": false, "cest": false, "bst": false, "ist": false, "jst": false,
	"aest": false, "aedt": false, "eet": false, "eest": false, "msk": false, "et": false, "ct": false, "mt": false, "pt": false}

// zoneAt reports a time zone behind a time of day.
func (t *text) zoneAt(i int) (universal, ok bool) {
	universal, ok = zones[t.tokens[i].text]
	return universal, ok && i > 0 && (t.tokens[i-1].shape == clock || t.tokens[i-1].shape == numeral || t.ends(i, part) || t.ends(i, filler))
}

// zone is the time zone that the text names: that of the person, or UTC.
func (t *text) zone() (*time.Location, obstacle) {
	zone := t.now.Location()
	for i := range t.tokens {
		universal, ok := t.zoneAt(i)
		switch {
		case ok && (!universal || t.is(i+1, "+") || t.is(i+1, "-")):
			return nil, obstacle{"the time zone is not clear, write its offset", t.words(i, i+1)}
		case ok:
			zone = time.UTC
		}
	}
	return zone, obstacle{}
}
