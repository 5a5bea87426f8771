package parse

import "strings"

var labelJoints = strings.NewReplacer("_", " ", "-", " ", "*", " ")
