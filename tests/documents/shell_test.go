package documents

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// notRun marks a command that no test checks or, on the first line of a fence, all of them.
const notRun = "# not run by a test"

// command is one simple command of a document.
type command struct {
	document string
	line     int
	words    []string
	marked   bool
}

func (c command) String() string {
	return fmt.Sprintf("%s:%d: %s", c.document, c.line, strings.Join(c.words, " "))
}

// fenced returns the commands of a document's sh fences.
func fenced(document, text string) []command {
	var all []command
	inside, block := false, false
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		switch {
		case !inside:
			if line == "```sh" {
				inside = true
				block = i+1 < len(lines) && strings.TrimSpace(lines[i+1]) == notRun
			} else if strings.HasPrefix(line, "```") {
				for i++; i < len(lines) && !strings.HasPrefix(strings.TrimSpace(lines[i]), "```"); i++ {
				}
			}
			continue
		case strings.HasPrefix(line, "```"):
			inside = false
			continue
		}
		number := i + 1
		for strings.HasSuffix(line, `\`) && i+1 < len(lines) {
			i++
			line = strings.TrimSuffix(line, `\`) + " " + strings.TrimSpace(lines[i])
		}
		for _, words := range simple(line) {
			all = append(all, command{document, number, words, block || strings.HasSuffix(line, notRun)})
		}
	}
	return all
}

var spoken = regexp.MustCompile("`((?:operate|release|make|kubectl|argocd) [^`]+)`")

// inline returns the commands in a document's prose.
func inline(document, text string) []command {
	var all []command
	for i, line := range prose(text) {
		for _, match := range spoken.FindAllStringSubmatch(line, -1) {
			for _, words := range simple(strings.ReplaceAll(match[1], `\|`, "|")) {
				all = append(all, command{document, i + 1, words, false})
			}
		}
	}
	return all
}

// simple splits a line of a shell into its simple commands, and these into words,
// without quotes, comments, assignments and redirections. Operators stand alone.
func simple(line string) [][]string {
	var all [][]string
	var words []string
	end := func() {
		if len(words) > 0 {
			all = append(all, words)
		}
		words = nil
	}
	skip := false
	for _, w := range split(line) {
		text, quoted := w.text, w.quoted
		switch {
		case skip:
			skip = false
		case !quoted && strings.HasPrefix(text, "#"):
			end()
			return all
		case !quoted && slices.Contains([]string{"|", "||", "&&", "&", ";"}, text):
			end()
		case !quoted && (text == ">" || text == "<" || text == ">>"):
			skip = true
		case len(words) == 0 && assignment.MatchString(text):
		case text != "":
			words = append(words, text)
		}
	}
	end()
	return all
}

var assignment = regexp.MustCompile(`^[A-Za-z_][A-Za-z_0-9]*=`)

type word struct {
	text   string
	quoted bool
}

// split splits at spaces outside quotes and $(…).
func split(line string) []word {
	var all []word
	var w strings.Builder
	var quote rune
	quoted, begun, depth := false, false, 0
	flush := func() {
		if begun {
			all = append(all, word{w.String(), quoted})
		}
		w.Reset()
		quoted, begun = false, false
	}
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			w.WriteRune(r)
		case r == '\'' || r == '"':
			quote, begun = r, true
			quoted = quoted || w.Len() == 0
		case depth == 0 && (r == ' ' || r == '\t'):
			flush()
		case depth == 0 && r == ';':
			flush()
			all = append(all, word{";", false})
		default:
			if r == '(' {
				depth++
			} else if r == ')' && depth > 0 {
				depth--
			}
			begun = true
			w.WriteRune(r)
		}
	}
	flush()
	return all
}
