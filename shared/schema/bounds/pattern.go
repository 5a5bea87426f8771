package bounds

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"unicode/utf8"
)

const (
	// MaxPattern is the longest regular expression, in characters. A character
	// class of four is parsed into kilobytes.
	MaxPattern = 1000
	// MaxPatternSize is the most instructions that one regular expression
	// compiles to, with its repetitions written out.
	// ".{0,1000}", the longest repetition of RE2, takes 2,000; a strict pattern
	// of email addresses takes 500. Matching takes up to 20 ns for each of them and
	// each character of the text.
	MaxPatternSize = 3_000
	// MaxPatternsSize is the same for all that are different in one schema: at
	// most 3 MB.
	MaxPatternsSize = 20_000
	// bytesPerInstruction is about what an instruction takes.
	bytesPerInstruction = 130
)

// Patterns are the regular expressions of one schema. Its zero value is ready.
type Patterns struct {
	sizes map[string]int // by expression
	total int
}

// Add counts one more of the schema's expressions. The error says in words
// why it is refused.
func (p *Patterns) Add(expression string) error {
	if _, known := p.sizes[expression]; known {
		return nil
	}
	size, err := patternSize(expression)
	if err != nil {
		return err
	}
	if p.total += size; p.total > MaxPatternsSize {
		return fmt.Errorf("is one regular expression too many: all together they compile to more than %d instructions; use shorter repetitions", MaxPatternsSize)
	}
	if p.sizes == nil {
		p.sizes = map[string]int{}
	}
	p.sizes[expression] = size
	return nil
}

// Bytes is about how many bytes the expressions take, compiled.
func (p *Patterns) Bytes() int { return p.total * bytesPerInstruction }

// Compile compiles a regular expression (RE2 syntax) that is within the bounds.
func Compile(expression string) (*regexp.Regexp, error) {
	if _, err := patternSize(expression); err != nil {
		return nil, err
	}
	return regexp.Compile(expression)
}

// patternSize is about how many instructions an expression compiles to.
func patternSize(expression string) (int, error) {
	if n := utf8.RuneCountInString(expression); n > MaxPattern {
		return 0, fmt.Errorf("has %d characters, at most %d are allowed", n, MaxPattern)
	}
	parsed, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		var problem *syntax.Error
		if errors.As(err, &problem) {
			return 0, fmt.Errorf("is not a regular expression that can be used here (RE2 syntax): %s: %s", problem.Code, quoted(problem.Expr))
		}
		return 0, errors.New("is not a regular expression that can be used here (RE2 syntax)")
	}
	size := instructions(parsed)
	if size > MaxPatternSize {
		return 0, fmt.Errorf("compiles to %d instructions, at most %d are allowed; use shorter repetitions", size, MaxPatternSize)
	}
	return size, nil
}

// rangesPerInstruction is how many ranges of characters take the room of an
// instruction. An expression of MaxPattern characters keeps every sum far from
// overflowing: the parser lets nested repetitions come to 1,000 at most.
const rangesPerInstruction = 16

// instructions is the size of what regexp/syntax.Compile makes, repetitions
// written out as Regexp.Simplify does.
func instructions(re *syntax.Regexp) int {
	size := 0
	for _, sub := range re.Sub {
		size += instructions(sub)
	}
	switch re.Op {
	case syntax.OpLiteral:
		return max(1, len(re.Rune))
	case syntax.OpCharClass:
		return 1 + len(re.Rune)/2/rangesPerInstruction
	case syntax.OpRepeat:
		if re.Max < 0 { // x{2,} is xx+
			return size*max(1, re.Min) + 1
		}
		return size*re.Max + re.Max - re.Min
	case syntax.OpCapture:
		return size + 2
	case syntax.OpConcat:
		return size
	case syntax.OpAlternate:
		return size + len(re.Sub) - 1
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest:
		return size + 2
	}
	return 1
}
