// Package version says which release a program is of. The file VERSION beside it is
// the one place: programs embed it, images are labelled with it, and a release's tag
// has to name it, as vVERSION or vVERSION-rc.N.
package version

import (
	_ "embed"
	"strings"
)

//go:embed VERSION
var file string

// Version is a version of https://semver.org without a leading v. It is of the
// sources alone, so that the same sources give the same image; which commit runs,
// the image's digest says.
var Version = strings.TrimSpace(file)
