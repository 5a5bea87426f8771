// Command generate writes what is derived from the tools' definitions and the built-in
// playbooks: the gateway's catalogue and the API reference. With --check it writes
// nothing and fails when one of them is out of date. make verify runs it with --check, so
// that clients and the page are told what the code does.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/functions/local"
	"github.com/sequential-questioning/sequential-questioning/shared/playbook"
)

// main goes through all files before it decides, so that one run of --check names
// everything that is out of date.
func main() {
	root := flag.String("root", ".", "`folder` of the project")
	check := flag.Bool("check", false, "fail when a file is out of date, write nothing")
	flag.Parse()
	files := map[string]func() ([]byte, error){
		"functions/gateway/catalogue.json": catalogue,
		"docs/api_reference.md":            reference,
	}
	stale := false
	for name, write := range files {
		content, err := write()
		exitOn(err)
		path := filepath.Join(*root, filepath.FromSlash(name))
		// A file that is right is not written again, so that its time stays.
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
			continue
		}
		if *check {
			fmt.Fprintf(os.Stderr, "%s is out of date: run make generate\n", name)
			stale = true
			continue
		}
		exitOn(os.MkdirAll(filepath.Dir(path), 0o755))
		exitOn(os.WriteFile(path, content, 0o644))
		fmt.Println("wrote", name)
	}
	if stale {
		os.Exit(1)
	}
}

// exitOn ends the program; nothing has to be undone, since each file is written whole.
func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// catalogue is what the gateway answers discovery from: tools, and what the built-in
// playbooks ask. The gateway embeds it, so that discovery wakes no function. The
// program on one machine asks the same definitions directly.
func catalogue() ([]byte, error) {
	type entry struct {
		Function string `json:"function"`
		Asks     bool   `json:"asks,omitempty"`
		First    bool   `json:"first,omitempty"`
		Resumes  bool   `json:"resumes,omitempty"`
		Tool     any    `json:"tool"`
	}
	type served struct {
		Name        string `json:"name"`
		Title       string `json:"title"`
		Description string `json:"description"`
		Text        string `json:"text"`
	}
	document := struct {
		Server    mcp.Implementation `json:"server"`
		Tools     []entry            `json:"tools"`
		Playbooks []served           `json:"playbooks"`
	}{Server: local.Identity()}
	for _, t := range local.ToolFunctions {
		document.Tools = append(document.Tools, entry{t.Name, t.Asks, t.First, t.Resumes, t.Tool})
	}
	playbooks, err := playbook.Open(playbook.Config{})
	if err != nil {
		return nil, err
	}
	for _, p := range playbooks.All() {
		document.Playbooks = append(document.Playbooks, served{p.Name, p.Title, p.Description, p.Text()})
	}
	return encode(document)
}

// encode keeps <, > and & as they are: the files are read by people, and no browser
// runs them.
func encode(document any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(document)
	return b.Bytes(), err
}
