package bounds

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// longestNumber bounds a number as it is written, in characters: the shortest
// form of no number that can be held is longer than 25.
const longestNumber = 100

// Number says in words why a number cannot be held; nil when it can. Exact
// arithmetic on 1e999999, which validators do, takes a million digits.
func Number(n json.Number) error {
	text := n.String()
	value, err := strconv.ParseFloat(text, 64)
	mantissa, _, _ := strings.Cut(strings.ToLower(text), "e")
	switch {
	case len(text) > longestNumber:
		return errors.New("is a number of " + strconv.Itoa(len(text)) + " characters, at most " + strconv.Itoa(longestNumber) + " are allowed")
	case err != nil:
		return errors.New(text + " is too large; a number is from -1.7e308 to 1.7e308")
	case value == 0 && strings.ContainsAny(mantissa, "123456789"):
		return errors.New(text + " is too close to 0; the smallest number is 5e-324")
	}
	return nil
}
