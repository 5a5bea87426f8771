package slotspec

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// titleFrom makes "Start date" from start_date, start-date or startDate, "Weight
// (kg)" from weight_kg, "Number of guests" from num_guests and "User ID" from
// userId. A title is shown to the person, and keys are often all that there is. It
// is English, like the keys it is made of.
func titleFrom(key string) string {
	if strings.Contains(key, " ") { // "E-mail address" is written for people
		return upperFirst(strings.TrimSpace(key))
	}
	words := keyWords(key)
	if len(words) == 0 {
		return key
	}
	words = inFull(words)
	unit := ""
	if last := len(words) - 1; last > 0 {
		lower := strings.ToLower(words[last])
		if written := units[lower]; written != "" {
			unit = written
		} else if slices.Contains(longUnits, lower) && slices.Contains(spans, strings.ToLower(words[last-1])) {
			unit = lower
		}
		if unit != "" {
			words = words[:last]
			if last > 1 && strings.EqualFold(words[last-1], "in") {
				words = words[:last-1] // weight_in_kg
			}
		}
	}
	if len(words) == 1 && unit == "ft" && strings.EqualFold(words[0], "sq") {
		unit, words = "sq ft", []string{"area"}
	}
	if last := len(words) - 1; last > 0 && (unit == "ft" || unit == "m") && strings.EqualFold(words[last], "sq") { // area_sq_ft
		unit, words = "sq "+unit, words[:last]
	}
	for i, word := range words {
		if slices.Contains(acronyms, strings.ToLower(word)) {
			words[i] = strings.ToUpper(word)
		}
	}
	title := upperFirst(strings.Join(words, " "))
	if unit != "" {
		title += " (" + unit + ")"
	}
	return title
}

// inFull writes what programs leave short where it has a place of its own: num_guests,
// dept_no, max_price, e_mail.
func inFull(words []string) []string {
	first, last := strings.ToLower(words[0]), len(words)-1
	switch {
	case last == 0:
	case slices.Contains(countWords, first):
		return append([]string{"number", "of"}, words[1:]...)
	case extremes[first] != "":
		return append([]string{extremes[first]}, words[1:]...)
	case strings.EqualFold(words[last], "max"): // "min" may be minutes
		return append([]string{"maximum"}, words[:last]...)
	case slices.Contains([]string{"no", "nr", "num"}, strings.ToLower(words[last])) && !slices.Contains([]string{"yes", "or"}, strings.ToLower(words[last-1])):
		return append(slices.Clip(words[:last]), "number")
	case first == "e" && strings.EqualFold(words[1], "mail"):
		return append([]string{"e-mail"}, words[2:]...)
	}
	return words
}

// extremes before a noun are short for these.
var extremes = map[string]string{"max": "maximum", "min": "minimum", "avg": "average"}

// upperFirst is a text with a capital at its beginning.
func upperFirst(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// keyWords parts a key at its capitals and at what joins words in programs. A
// capital after a lower-case letter or a digit begins a word; a run of capitals
// (USD) is one word and keeps them. A digit begins one after three letters, so that
// "line1" is parted and "m2" and "p95" are not.
func keyWords(key string) []string {
	var b strings.Builder
	runes := []rune(key)
	inWord := 0 // letters since the last joint
	for i, r := range runes {
		switch {
		case r == '_' || r == '-' || r == '.':
			r = ' '
		case i == 0:
		case unicode.IsUpper(r) && (unicode.IsLower(runes[i-1]) || unicode.IsDigit(runes[i-1])):
			b.WriteByte(' ')
			if i+1 == len(runes) || !unicode.IsUpper(runes[i+1]) { // "USD" stays
				r = unicode.ToLower(r)
			}
		case unicode.IsDigit(r) && unicode.IsLetter(runes[i-1]) && inWord > 2: // "line1", not "m2"
			b.WriteByte(' ')
		}
		if inWord++; !unicode.IsLetter(r) {
			inWord = 0
		}
		b.WriteRune(r)
	}
	words := strings.Fields(b.String())
	for i, word := range words {
		if long := abbreviations[strings.ToLower(word)]; long != "" {
			words[i] = long
		}
	}
	return words
}

// abbreviations are those of programs that people do not use.
var abbreviations = map[string]string{"dob": "date of birth", "qty": "quantity", "amt": "amount", "addr": "address", "desc": "description", "dept": "department",
	"lang": "language", "org": "organization", "env": "environment"}

// countWords before a noun say that it is counted.
var countWords = []string{"num", "nr", "nb", "n"} // not "no", which is a word: no_pets

// units end a key that says what a number is measured in. Those that are words of
// their own ("in", "m", "c") are left out.
var units = map[string]string{
	"kg": "kg", "mg": "mg", "lb": "lb", "lbs": "lb", "oz": "oz", "km": "km", "cm": "cm", "mm": "mm", "ft": "ft", "sqft": "sq ft",
	"sqm": "m²", "qm": "m²", "m2": "m²", "m3": "m³", "ml": "ml", "kwh": "kWh", "kw": "kW", "mb": "MB", "gb": "GB", "tb": "TB", "px": "px",
	"ms": "ms", "sec": "seconds", "secs": "seconds", "mins": "minutes", "hrs": "hours", "hr": "hours", "kmh": "km/h",
	"mph": "mph", "bpm": "bpm", "kcal": "kcal", "pct": "%", "percent": "%", "celsius": "°C", "fahrenheit": "°F",
	"usd": "USD", "eur": "EUR", "gbp": "GBP", "chf": "CHF", "jpy": "JPY", "cny": "CNY", "inr": "INR", "cad": "CAD", "aud": "AUD",
	"sek": "SEK", "nok": "NOK", "dkk": "DKK", "pln": "PLN", "czk": "CZK", "brl": "BRL", "mxn": "MXN", "euros": "euros", "dollars": "dollars",
}

// longUnits are units behind a span of time; elsewhere they are what is counted:
// duration_hours, but opening_hours.
var (
	longUnits = []string{"seconds", "minutes", "hours", "days", "weeks", "months", "years", "meters", "metres", "kilometers", "kilograms", "pounds", "miles", "feet", "inches"}
	spans     = []string{"duration", "time", "length", "age", "delay", "timeout", "period", "interval", "term", "lifetime", "experience", "in", "distance", "height", "weight", "width", "depth", "radius"}
)

// acronyms are written in capitals.
var acronyms = []string{"id", "url", "uri", "api", "iban", "bic", "vat", "ip", "pdf", "gps", "usb", "cv", "faq", "sku", "isbn", "eta", "rsvp",
	"zip", "ssl", "ssh", "cpu", "gpu", "ram", "http", "https", "sql", "json", "xml", "csv", "html", "css", "aws", "gcp", "vpn", "sms", "seo", "crm", "erp", "nda", "dns", "sla", "kpi", "roi", "hr", "qa", "ui", "os", "pc", "tv", "po", "vin", "faq", "ceo"}

// isKeyAgain reports a title that a program made of the key, as pydantic does:
// "Start Date" of start_date, "Startdate" of startDate. Ours is better. A title with
// other capitals ("Start date", "USB port") was written by somebody and stays.
func isKeyAgain(title, key string) bool {
	words := strings.Fields(title)
	if len(words) == 0 || letters(title) != letters(key) || len(words) == 1 && strings.ContainsAny(key, " ") {
		return false
	}
	return !slices.ContainsFunc(words, func(word string) bool {
		first, size := utf8.DecodeRuneInString(word)
		return unicode.IsLower(first) || word[size:] != strings.ToLower(word[size:])
	})
}

// letters are those of a text, and its digits, in lower case.
func letters(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}
