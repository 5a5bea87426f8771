package program

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"fmt"
	"path"
	"slices"
	"strings"
)

// needed returns the wanted packages and those with the libraries that their programs
// load, by name. What else they depend on, such as Perl, manages servers and users of a
// whole system.
// A library that no package has is an error: the program would not start.
func needed(all []debianPackage, wanted []string) ([]debianPackage, error) {
	// Of two packages with one library the later one counts.
	owners := map[string]int{} // of a library, by the name under which it is loaded
	byName := map[string]int{}
	for i, p := range all {
		byName[p.name] = i
		for _, e := range p.entries {
			if base := path.Base(e.Name); e.Typeflag != tar.TypeDir && strings.Contains(base, ".so") {
				owners[base] = i
			}
		}
	}
	taken := map[int]bool{}
	var queue []int
	take := func(i int) {
		if !taken[i] {
			taken[i] = true
			queue = append(queue, i)
		}
	}
	for _, name := range wanted {
		i, found := byName[name]
		if !found {
			return nil, fmt.Errorf("there is no package %s", name)
		}
		take(i)
	}
	for len(queue) > 0 {
		p := all[queue[0]]
		queue = queue[1:]
		for _, e := range p.entries {
			libraries, err := loaded(e)
			if err != nil {
				return nil, fmt.Errorf("read %s of package %s: %w", e.Name, p.name, err)
			}
			for _, library := range libraries {
				owner, found := owners[library]
				if !found {
					return nil, fmt.Errorf("no package has %s, which %s of package %s loads", library, e.Name, p.name)
				}
				take(owner)
			}
		}
	}
	var chosen []debianPackage
	for i := range taken {
		chosen = append(chosen, all[i])
	}
	slices.SortFunc(chosen, func(a, b debianPackage) int { return strings.Compare(a.name, b.name) })
	return chosen, nil
}

// loaded returns the libraries that a program or library names; none for other files.
// Libraries that are opened at run time by name, such as PostgreSQL's extensions, do not show
// here; their packages must be wanted by name.
func loaded(e entry) ([]string, error) {
	if e.Typeflag != tar.TypeReg || !bytes.HasPrefix(e.content, []byte(elf.ELFMAG)) {
		return nil, nil
	}
	file, err := elf.NewFile(bytes.NewReader(e.content))
	if err != nil {
		return nil, err
	}
	return file.ImportedLibraries()
}
