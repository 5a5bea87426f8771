// Package lazyregexp has regular expressions that are compiled when they are first
// used. Compiling large ones takes milliseconds, which every start of a function would
// spend, and memory, which a function that never uses them would keep.
package lazyregexp

import (
	"regexp"
	"sync"
)

// Regexp is a *regexp.Regexp that is compiled on first use. An expression that does not
// compile panics then.
type Regexp struct {
	expression string
	build      func() string // makes the expression; nil where it is given
	once       sync.Once
	expr       *regexp.Regexp
}

// New returns the regular expression. A variable that it initializes is laid out by the
// compiler, so starting the program does nothing for it.
func New(expression string) *Regexp { return &Regexp{expression: expression} }

// Built returns the regular expression that build returns, which is called on first use.
func Built(build func() string) *Regexp { return &Regexp{build: build} }

func (r *Regexp) compiled() *regexp.Regexp {
	r.once.Do(r.compile)
	return r.expr
}

func (r *Regexp) compile() {
	if r.build != nil {
		r.expression = r.build()
	}
	r.expr = regexp.MustCompile(r.expression)
}

// MatchString is (*regexp.Regexp).MatchString.
func (r *Regexp) MatchString(s string) bool { return r.compiled().MatchString(s) }

// Match is (*regexp.Regexp).Match.
func (r *Regexp) Match(b []byte) bool { return r.compiled().Match(b) }

// FindStringSubmatch is (*regexp.Regexp).FindStringSubmatch.
func (r *Regexp) FindStringSubmatch(s string) []string { return r.compiled().FindStringSubmatch(s) }

// FindAllString is (*regexp.Regexp).FindAllString.
func (r *Regexp) FindAllString(s string, n int) []string { return r.compiled().FindAllString(s, n) }

// FindAllStringIndex is (*regexp.Regexp).FindAllStringIndex.
func (r *Regexp) FindAllStringIndex(s string, n int) [][]int {
	return r.compiled().FindAllStringIndex(s, n)
}

// ReplaceAllStringFunc is (*regexp.Regexp).ReplaceAllStringFunc.
func (r *Regexp) ReplaceAllStringFunc(s string, replace func(string) string) string {
	return r.compiled().ReplaceAllStringFunc(s, replace)
}

// FindString is (*regexp.Regexp).FindString.
func (r *Regexp) FindString(s string) string { return r.compiled().FindString(s) }

// FindStringIndex is (*regexp.Regexp).FindStringIndex.
func (r *Regexp) FindStringIndex(s string) []int { return r.compiled().FindStringIndex(s) }

// FindAllStringSubmatch is (*regexp.Regexp).FindAllStringSubmatch.
func (r *Regexp) FindAllStringSubmatch(s string, n int) [][]string {
	return r.compiled().FindAllStringSubmatch(s, n)
}

// FindAllStringSubmatchIndex is (*regexp.Regexp).FindAllStringSubmatchIndex.
func (r *Regexp) FindAllStringSubmatchIndex(s string, n int) [][]int {
	return r.compiled().FindAllStringSubmatchIndex(s, n)
}

// ReplaceAllString is (*regexp.Regexp).ReplaceAllString.
func (r *Regexp) ReplaceAllString(s, with string) string {
	return r.compiled().ReplaceAllString(s, with)
}

// Split is (*regexp.Regexp).Split.
func (r *Regexp) Split(s string, n int) []string { return r.compiled().Split(s, n) }
