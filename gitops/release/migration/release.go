package migration

import (
	"cmp"
	"fmt"
	"slices"
)

// Withdrawn is a migration that a branch had once. Databases may have applied it. Git
// remembers it, though no file is left.
type Withdrawn struct {
	File
	Commit string
}

// Comparison compares a candidate's migrations with the released ones.
type Comparison struct {
	Added    []File // in the order they run
	Findings []Finding
}

// Compare checks a candidate's migrations against the released ones: released ones must
// be unchanged, and new ones must follow them and only expand. All that is wrong is
// reported at once, in no order but that of the files.
// Files of other kinds are the caller's to leave out.
func Compare(released, candidate []File, withdrawn []Withdrawn) Comparison {
	var c Comparison
	refuse := func(name, problem, remedy string) {
		c.Findings = append(c.Findings, Finding{File: name, Severity: Refusal, Problem: problem, Remedy: remedy})
	}
	offered := map[string]string{}
	byContent := map[string]string{}
	for _, file := range candidate {
		offered[file.Name] = file.Content
		byContent[file.Content] = file.Name
	}
	wasReleased := map[string]bool{}
	var newest int64
	for _, file := range released {
		wasReleased[file.Name] = true
		if version, err := Version(file.Name); err == nil {
			newest = max(newest, version)
		}
		content, ok := offered[file.Name]
		switch {
		case !ok && byContent[file.Content] != "":
			refuse(file.Name, "was released and is now "+byContent[file.Content], "restore its name: databases record it by its number")
		case !ok:
			refuse(file.Name, "was released and is missing", "restore it unchanged: databases have applied it")
		case content != file.Content:
			refuse(file.Name, "was released and is changed", "restore it and write a new migration: databases do not apply it again")
		}
	}
	numbers := map[int64]string{}
	versions := map[string]int64{}
	for _, file := range sorted(candidate) {
		version, err := Version(file.Name)
		if err != nil {
			refuse(file.Name, "cannot be ordered", err.Error())
			continue
		}
		if other, taken := numbers[version]; taken {
			refuse(file.Name, fmt.Sprintf("has the number of %s", other), "give it the next free number")
		}
		numbers[version], versions[file.Name] = file.Name, version
		if wasReleased[file.Name] {
			continue
		}
		if version <= newest {
			// goose refuses, or skips, a number below the highest one that it has
			// applied.
			refuse(file.Name, fmt.Sprintf("comes before the last released migration, %d", newest), fmt.Sprintf("number it %05d or higher: databases would skip it or stop", newest+1))
		}
		c.Added = append(c.Added, file)
	}
	// A branch may have released a migration and removed it later. A database that
	// applied it would take another one of its number for applied.
	for _, old := range withdrawn {
		version, err := Version(old.Name)
		if err != nil {
			continue
		}
		name, taken := numbers[version]
		if !taken || (offered[name] == old.Content && name == old.Name) || wasReleased[name] {
			continue
		}
		refuse(name, fmt.Sprintf("has the number of %s, which was released and removed by %s", old.Name, old.Commit),
			"databases may have applied that: use an unused number, or restore the old one unchanged")
	}
	c.Findings = append(c.Findings, Judge(c.Added)...)
	return c
}

// sorted is the order in which goose applies them. Names without a number come first,
// and are refused.
func sorted(files []File) []File {
	files = slices.Clone(files)
	slices.SortStableFunc(files, func(a, b File) int {
		x, _ := Version(a.Name)
		y, _ := Version(b.Name)
		return cmp.Or(cmp.Compare(x, y), cmp.Compare(a.Name, b.Name))
	})
	return files
}
