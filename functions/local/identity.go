package local

import (
	_ "embed"
	"encoding/base64"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/shared/function"
	"github.com/sequential-questioning/sequential-questioning/shared/version"
)

//go:embed packaging/icon.svg
var icon []byte

// Identity is what clients show of the server, and what packages and registries say of
// it. The icon is in the text, since a laptop may be offline.
func Identity() mcp.Implementation {
	return mcp.Implementation{
		Name:        function.Product,
		Title:       "Sequential Questioning",
		Version:     version.Version,
		Description: "Gathers specific information from a person through a few well-chosen questions, and keeps every answer.",
		WebsiteURL:  "https://github.com/sequential-questioning/sequential-questioning",
		Icons: []mcp.Icon{{
			Src:      "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(icon),
			MIMEType: "image/svg+xml",
			Sizes:    []string{"any"},
		}},
	}
}
