package parse_test

import (
	"fmt"

	q "github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/parse"
)

func ExampleCheck() {
	size := q.Slot{Type: q.Choice, Options: options("S", "M", "L")}
	for _, value := range []any{"m", "XXL", 3.0} {
		canonical, err := parse.Check(size, value, parse.Context{Now: now})
		fmt.Println(canonical, err)
	}
	// Output:
	// M <nil>
	// <nil> expected one of: S, M, L
	// <nil> expected one of: S, M, L
}

func ExampleExpected() {
	hours := q.Slot{Title: "Working hours", Type: q.Integer, Minimum: new(1.0), Maximum: new(40.0)}
	fmt.Println(parse.Expected(hours, "en"))
	fmt.Println(parse.Expected(hours, "fr"))
	// Output:
	// a whole number from 1 to 40, in hours
	// un nombre entier de 1 à 40, en heures
}

func ExampleLanguage() {
	fmt.Println(parse.Language("Wir sind zwanzig Leute und kommen am Montag"))
	// Output: de
}
