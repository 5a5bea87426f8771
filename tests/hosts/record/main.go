// Command record plays a first session with a program over standard input and output,
// and writes what really came back as an animated SVG: record PROGRAM FILE.
// docs/first_minute.svg comes from it: nobody types what the program is shown to say.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"os/exec"
	"strings"
	"unicode/utf8"
)

// The times are those of a film that one can read along with, not measured ones.
const (
	columns  = 96   // of the terminal, in characters
	lineTime = 0.12 // seconds between two lines of an answer
	keyTime  = 1.4  // seconds that a person takes
)

// needed is what the client's model asks for. It has a choice, a date and a yes or no,
// and names what is said in the context already, so that the picture shows all that
// saves questions.
const needed = `{"type":"object","required":["problem","platform","severity","since"],"properties":{
	"problem":{"type":"string"},
	"platform":{"enum":["iOS","Android"]},
	"severity":{"enum":["blocks work","annoying","cosmetic"]},
	"since":{"type":"string","format":"date","title":"Since when?"},
	"always":{"type":"boolean","title":"It happens every time"}}}`

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: record PROGRAM FILE")
		os.Exit(2)
	}
	shown, err := session(os.Args[1])
	if err == nil {
		err = os.WriteFile(os.Args[2], []byte(shown.svg()), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

// session holds the conversation. It plays the person and the model both; what the
// server says is its own. The data are new and are removed, so the picture never shows
// what an earlier run remembered.
// An error at any step leaves no picture rather than half of one.
func session(program string) (*terminal, error) {
	data, err := os.MkdirTemp("", "record-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(data)
	if err := os.Chmod(data, 0o755); err != nil { // the database's user passes through
		return nil, err
	}
	s, err := start(program, data)
	if err != nil {
		return nil, err
	}
	t := &terminal{}
	t.says("you", "I want to report a bug in the mobile app on Android. Ask me what you need.")
	conversation, text, err := s.tool("sequential_questioning", `{"context":"Help Ada report a bug in the mobile app.\nPlatform: Android","information_needed":`+needed+`}`)
	if err != nil {
		return nil, err
	}
	t.calls("sequential_questioning", text)
	for _, reply := range []string{
		"1. The app freezes when I open a photo\n2. 2026-11-20\n3. annoying",
		"oh, and it happens every time",
	} {
		t.says("you", reply)
		said, err := json.Marshal(map[string]any{"conversation_id": conversation, "previous_messages": []any{map[string]string{"role": "user", "content": reply}}})
		if err != nil {
			return nil, err
		}
		if _, text, err = s.tool("sequential_questioning_follow_up", string(said)); err != nil {
			return nil, err
		}
		t.calls("sequential_questioning_follow_up", text)
	}
	if _, text, err = s.tool("sequential_questioning_report", `{"conversation_id":"`+conversation+`"}`); err != nil {
		return nil, err
	}
	t.calls("sequential_questioning_report", text)
	return t, s.end()
}

// server is a running program. It is spoken to as a host does, by a line of JSON-RPC
// for each message.
// Its reads are bounded by nothing: a person runs this and can interrupt it.
type server struct {
	*exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	calls int
}

// start starts the program with its standard error on ours, where its failures can be
// read, and shakes hands. The program names the version it speaks, which we need not
// look at: we call tools only.
func start(program, data string) (*server, error) {
	s := &server{Cmd: exec.Command(program, "--stdio", "--data", data+"/data")}
	s.Stderr = os.Stderr
	var err error
	if s.in, err = s.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.out = bufio.NewReader(out)
	if err := s.Start(); err != nil {
		return nil, err
	}
	_, err = s.call("initialize", `{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"record","version":"1"}}`)
	return s, err
}

// call sends a request and waits for its answer. One is under way at a time, and the
// server sends nothing else than answers here, since we declare no capability to be
// asked with; so the next line is the answer.
func (s *server) call(method, params string) (json.RawMessage, error) {
	s.calls++
	var request strings.Builder
	fmt.Fprintf(&request, `{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`, s.calls, method, strings.NewReplacer("\n", "", "\t", "").Replace(params))
	if _, err := io.WriteString(s.in, request.String()+"\n"); err != nil {
		return nil, err
	}
	line, err := s.out.ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	var response struct{ Result, Error json.RawMessage }
	if err := json.Unmarshal(line, &response); err != nil {
		return nil, err
	}
	if response.Error != nil {
		return nil, errors.New(string(response.Error))
	}
	return response.Result, nil
}

// tool calls a tool, and returns its conversation and its text. A tool that fails
// answers with a result, not with an error of the protocol; a picture of a failure is
// not wanted, so both are errors here.
func (s *server) tool(name, arguments string) (conversation, text string, err error) {
	result, err := s.call("tools/call", `{"name":"`+name+`","arguments":`+arguments+`}`)
	if err != nil {
		return "", "", err
	}
	var called struct {
		IsError bool
		Content []struct{ Text string }
		Shown   struct {
			Conversation string `json:"conversation_id"`
		} `json:"structuredContent"`
	}
	if err := json.Unmarshal(result, &called); err != nil {
		return "", "", err
	}
	if called.IsError || len(called.Content) == 0 {
		return "", "", fmt.Errorf("%s: %s", name, result)
	}
	return called.Shown.Conversation, called.Content[0].Text, nil
}

// end closes the program's input, by which it ends in order.
func (s *server) end() error {
	if err := s.in.Close(); err != nil {
		return err
	}
	return s.Wait()
}

// terminal is what is shown, and when. Nothing scrolls: a picture shows the whole
// session once it is over, also to those whose reader plays no animation.
type terminal struct {
	lines []line
	now   float64 // seconds
}

// line is a line with the second at which it appears; class is the style that it is
// drawn in.
type line struct {
	at    float64
	class string
	text  string
}

// says shows what a person types. Further lines are moved to the right below the first
// one, past the prompt.
func (t *terminal) says(who, text string) {
	t.now += keyTime
	for i, part := range strings.Split(text, "\n") {
		prompt := who + " › "
		if i > 0 {
			prompt = strings.Repeat(" ", utf8.RuneCountInString(prompt))
		}
		t.show("person", prompt+part)
	}
}

// calls shows a call of the model's and the server's text. The arguments are not shown:
// they are the model's to write, and a person sees a host fold them as well.
func (t *terminal) calls(tool, text string) {
	t.now += keyTime / 2
	t.show("call", "● "+tool)
	for part := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		t.show("text", "  "+part)
	}
	t.show("text", "")
}

// show adds a text, broken where a space lets it; a word that is longer than the line
// is broken at its end.
// Continued lines are indented, so that a reader sees what belongs together.
func (t *terminal) show(class, text string) {
	for {
		part := text
		if runes := []rune(text); len(runes) > columns {
			fits := string(runes[:columns])
			indent := len(fits) - len(strings.TrimLeft(fits, " "))
			cut := len(fits)
			if space := strings.LastIndex(fits[indent:], " "); space > 0 {
				cut = indent + space
			}
			part, text = text[:cut], "    "+strings.TrimSpace(text[cut:])
		} else {
			text = ""
		}
		t.now += lineTime
		t.lines = append(t.lines, line{t.now, class, part})
		if text == "" {
			return
		}
	}
}

// svg draws each line once, at its time. All is styled within the file, as GitHub shows
// SVG without scripts and without fonts of its own. Who wants no motion sees all lines
// at once.
func (t *terminal) svg() string {
	const size, leading, margin = 13, 18, 16
	width, height := columns*size*61/100+2*margin, len(t.lines)*leading+2*margin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="A recorded session">`, width, height, width, height)
	fmt.Fprintf(&b, "\n<style>text{font:%dpx ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#d6deeb;white-space:pre;opacity:0;animation:show .01s forwards}"+
		".person{fill:#82e0aa}.call{fill:#7fb5ff}@keyframes show{to{opacity:1}}@media (prefers-reduced-motion:reduce){text{animation:none;opacity:1}}</style>\n", size)
	fmt.Fprintf(&b, "<rect width=\"%d\" height=\"%d\" rx=\"8\" fill=\"#10192b\"/>\n", width, height)
	for i, l := range t.lines {
		if strings.TrimSpace(l.text) != "" {
			fmt.Fprintf(&b, "<text class=%q x=\"%d\" y=\"%d\" style=\"animation-delay:%.2fs\">%s</text>\n", l.class, margin, margin+(i+1)*leading-5, l.at, html.EscapeString(l.text))
		}
	}
	return b.String() + "</svg>\n"
}
