package reply

import (
	"math"
	"regexp"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

var (
	timeUnits = phraseTable(map[string]string{
		"second": "second|seconds|sec|secs|s",
		"minute": "minute|minutes|min|mins",
		"hour":   "hour|hours|hr|hrs|h",
		"day":    "day|days|d",
		"week":   "week|weeks|wk|wks|w",
		"month":  "month|months|mo|mos",
		"year":   "year|years|yr|yrs|y",
	})
	// Units convert exactly only to units measured in the same base: seconds
	// or months.
	inSeconds  = map[string]float64{"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
	inMonths   = map[string]float64{"month": 1, "year": 12}
	clockUnits = setOf("second minute hour")

	unitPlural = regexp.MustCompile(`(?i)(?:^|[^a-z])(second|minute|hour|day|week|month|year)s(?:$|[^a-z])`)
	rates      = setOf("per a an each every /")
)

// slotUnit is the time unit a slot's title, key or description says its number
// is in, or "". Only a plural says so: "Birth year" is no amount of years.
func slotUnit(slot questioning.Slot) string {
	for _, text := range []string{slot.Title, slot.Key, slot.Description} {
		if match := unitPlural.FindStringSubmatch(text); match != nil {
			return strings.ToLower(match[1])
		}
	}
	return ""
}

func slotNames(slot questioning.Slot, unit string) bool {
	text := strings.ToLower(slot.Title + " " + slot.Key + " " + slot.Description)
	return strings.Contains(text, unit)
}

// rate is the unit of an amount per unit of time, as in "8 hours a day".
func (s numberScan) rate(from int) string {
	for i := from; i < len(s.tokens); i++ {
		if unit := timeUnits[s.text(i+1)]; rates[s.text(i)] && len(s.text(i+1)) > 1 && unit != "" {
			return unit
		}
	}
	return ""
}

// single reads "a week" as one week.
func (s numberScan) single() []quantity {
	at := s.rate(0)
	if at == "" {
		return nil
	}
	return []quantity{{value: 1, unit: at}}
}

// unit reads the time unit of the number that ends before token next, as in
// "2 weeks", "2-week", "half a day" and "2 full weeks".
func (s numberScan) unit(next int) (int, string) {
	at := next
	switch word := s.text(at); {
	case word == "-" && s.tokens[at].glued,
		(word == "a" || word == "an" || word == "of") && (s.text(at-1) == "half" || s.text(at-1) == "couple"),
		len(word) > 2 && !rates[word] && timeUnits[word] == "" && word != "and" && len(s.text(at+1)) > 1 && !digitsOrWord(word):
		at++
	}
	if unit := timeUnits[s.text(at)]; unit != "" {
		return at + 1, unit
	}
	return next, ""
}

func digitsOrWord(word string) bool {
	_, ok := digitsWords[word]
	return ok || isDigits(word)
}

// in converts to a slot's unit; ok is false when that is not exact. Without a
// unit on both sides the number stands as it is.
func (q quantity) in(unit string) (value float64, ok bool) {
	if unit == "" || q.unit == "" || unit == q.unit {
		return q.value, true
	}
	base := inSeconds
	if inMonths[unit] != 0 {
		base = inMonths
	}
	if base[unit] == 0 || base[q.unit] == 0 {
		return 0, false
	}
	value = q.value * base[q.unit] / base[unit]
	rounded := math.Round(value*1e6) / 1e6
	return rounded, math.Abs(value-rounded) <= 1e-12*math.Abs(value)
}

// joinUnits adds up "2 hours and 30 minutes": amounts in ever smaller units
// with nothing but "and" or a comma between them.
func joinUnits(slot questioning.Slot, found []quantity, tokens []token) (quantity, bool) {
	if len(found) < 2 || found[0].unit == "" || slotUnit(slot) == "" {
		return quantity{}, false
	}
	joint := found[0]
	for i, next := range found[1:] {
		between := tokens[found[i].to:next.from]
		if next.unit == "" && found[i].unit == "hour" && tokens[next.from].glued {
			next.unit = "minute" // "1h30"
		}
		value, ok := next.in(joint.unit)
		if !ok {
			// 20 minutes are no exact part of an hour: add up in the smaller unit.
			if joint.value, ok = joint.in(next.unit); !ok {
				return quantity{}, false
			}
			joint.unit, value = next.unit, next.value
		}
		smaller := size(next.unit) < size(found[i].unit) && next.unit != ""
		if !smaller || len(between) > 1 || len(between) == 1 && between[0].text != "and" && between[0].text != "," {
			return quantity{}, false
		}
		joint.value += value
	}
	return joint, true
}

func size(unit string) float64 { return max(inSeconds[unit], inMonths[unit]*30*86400) }
