package playbook

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

// Config is where playbooks come from, from the environment.
type Config struct {
	// Folder holds more playbooks; one with the name of a built-in playbook replaces it.
	Folder string `env:"PLAYBOOKS_FOLDER"`
}

// Library is the playbooks to choose from. It is safe for concurrent use.
type Library struct {
	entries []entry // by name
	index   func() index
}

// Open returns the built-in playbooks and those of the folder, which are checked.
// It does no more than that: built-in ones are read when wanted. An error names the
// file, the line and the field.
func Open(config Config) (*Library, error) {
	own, err := readFolder(config.Folder)
	if err != nil {
		return nil, err
	}
	entries := slices.Clone(builtIn())
	for _, p := range own {
		e := entry{name: p.Name, head: func() Playbook { return p }, full: func() Playbook { return p }}
		if i, found := find(entries, p.Name); found {
			entries[i] = e
		} else {
			entries = slices.Insert(entries, i, e)
		}
	}
	return &Library{
		entries: entries,
		index:   sync.OnceValue(func() index { return newIndex(entries) }),
	}, nil
}

// Get returns the playbook of that name.
func (l *Library) Get(name string) (Playbook, bool) {
	i, found := find(l.entries, name)
	if !found {
		return Playbook{}, false
	}
	return l.entries[i].full(), true
}

// All returns every playbook, by name.
func (l *Library) All() []Playbook {
	all := make([]Playbook, len(l.entries))
	for i, e := range l.entries {
		all[i] = e.full()
	}
	return all
}

// find returns the place of a name, or where it belongs.
func find(entries []entry, name string) (int, bool) {
	return slices.BinarySearchFunc(entries, name, func(e entry, name string) int { return strings.Compare(e.name, name) })
}

//go:embed playbooks/*.yaml
var builtInFiles embed.FS

// builtIn is shared by all libraries of a process; its entries are read-only.
var builtIn = sync.OnceValue(embedded)

// embedded are the built-in playbooks. Each file is named after its playbook,
// and its slots come last, so that they need not be read to choose one.
func embedded() []entry {
	files, err := fs.Glob(builtInFiles, "playbooks/*.yaml")
	if err != nil {
		panic(err)
	}
	entries := make([]entry, len(files))
	for i, file := range files {
		raw := func() []byte {
			raw, err := builtInFiles.ReadFile(file)
			if err != nil {
				panic(err)
			}
			return raw
		}
		entries[i] = entry{
			name: strings.TrimSuffix(path.Base(file), ".yaml"),
			head: sync.OnceValue(func() Playbook {
				head, _, _ := bytes.Cut(raw(), []byte("\nslots:"))
				return sound(file, head)
			}),
			full: sync.OnceValue(func() Playbook { return sound(file, raw()) }),
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return entries
}

// sound reads an embedded file. The tests check them all. It skips the check
// against the schema, since every wake from zero pays for start-up.
func sound(file string, raw []byte) Playbook {
	p, err := read(raw)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", file, err))
	}
	return p
}
