// Package settings reads a program's settings from the environment, by the env tags of
// their structs, and names each wrong one as an operator wrote it.
package settings

import (
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/sequential-questioning/sequential-questioning/shared/plain"
)

// maxShown bounds, in characters, how much of a malformed value an error repeats. Only
// values with a type of their own can be malformed: keys, passwords and addresses are
// text, so no error shows one.
const maxShown = 60

// Parse fills config, a pointer to a struct, from the process's environment. Fields
// without a variable keep what they hold, unless their tag has a default. An error names
// every malformed variable, its value and what it takes.
func Parse(config any) error { return ParseFrom(env.ToMap(os.Environ()), config) }

// ParseFrom is Parse from these variables instead of the process's.
func ParseFrom(variables map[string]string, config any) error {
	var set []string // variables that a field takes and that are set, in the fields' order
	onSet := func(name string, _ any, isDefault bool) {
		if !isDefault && variables[name] != "" && !slices.Contains(set, name) {
			set = append(set, name)
		}
	}
	err := env.ParseWithOptions(config, env.Options{Environment: variables, OnSet: onSet})
	if err == nil {
		return nil
	}
	var wrong []error
	for _, name := range set {
		wrong = append(wrong, malformed(name, variables[name], config)...)
	}
	if len(wrong) == 0 { // the struct itself is wrong, which no operator can mend
		return fmt.Errorf("settings: %w", err)
	}
	return fmt.Errorf("settings: %w", errors.Join(wrong...))
}

// malformed is what is wrong with one variable. The library reports the field of the
// struct and not the variable, and two structs may have fields of one name; so each
// variable is parsed again, alone and into a copy.
func malformed(name, value string, config any) []error {
	alone := reflect.New(reflect.TypeOf(config).Elem())
	alone.Elem().Set(reflect.ValueOf(config).Elem())
	err := env.ParseWithOptions(alone.Interface(), env.Options{Environment: map[string]string{name: value}})
	var all env.AggregateError
	if !errors.As(err, &all) {
		return nil
	}
	var wrong []error
	for _, one := range all.Errors {
		var parse env.ParseError
		if errors.As(one, &parse) {
			wrong = append(wrong, fmt.Errorf("%s is %s: want %s", name, plain.Quote(plain.Excerpt(value, maxShown)), wanted(parse.Type)))
		}
	}
	return wrong
}

// wanted says in words what a type takes. It names the type alone; ranges are checked
// where a setting is used.
func wanted(kind reflect.Type) string {
	if kind == reflect.TypeFor[time.Duration]() {
		return "a duration, such as 500ms, 30s or 4m30s"
	}
	switch kind.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Int8, reflect.Int16, reflect.Int32:
		return fmt.Sprintf("a whole number of at most %d", int64(math.MaxInt64)>>(64-kind.Bits()))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return fmt.Sprintf("a whole number from 0 to %d", uint64(math.MaxUint64)>>(64-kind.Bits()))
	case reflect.Float32, reflect.Float64:
		return "a number, such as 0.95"
	case reflect.Map:
		return "name=value, several with commas between them"
	case reflect.Slice:
		return "values with commas between them"
	}
	return "a " + strings.ToLower(kind.String())
}
