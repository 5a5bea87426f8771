package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/plain"
)

const (
	// maxClients bounds the clients that are remembered, for the doctor.
	maxClients = 10
	// maxClientText bounds what a client says of itself, in characters.
	maxClientText = 80
)

// seenClient is a client that connected over standard input and output. It is what the
// doctor says of a host whose owner wonders why no form is shown.
type seenClient struct {
	Name     string    `json:"name"`
	Version  string    `json:"version"`
	Revision string    `json:"revision"` // that it asked for
	Forms    bool      `json:"forms"`    // it declared that it shows them
	At       time.Time `json:"at"`
}

// clientsFile is JSON that a person may read or delete. It belongs to no conversation.
func clientsFile(data string) string { return filepath.Join(data, "clients.json") }

// seenClients returns those that connected, the latest first.
func seenClients(data string) ([]seenClient, error) {
	content, err := os.ReadFile(clientsFile(data))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var seen []seenClient
	if err == nil {
		err = json.Unmarshal(content, &seen)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", clientsFile(data), err)
	}
	return seen, nil
}

// noteClient remembers what a client says of itself in initialize, or in the metadata
// of a request. Nothing depends on it. A client counts by name and version, so one that
// connects daily does not push others out. An error is logged: a host must not fail to
// start for it.
func noteClient(data string, params json.RawMessage) {
	c, ok := parseClient(params)
	if !ok {
		return
	}
	seen, err := seenClients(data)
	if err != nil {
		seen = nil // is written again
	}
	seen = slices.DeleteFunc(seen, func(other seenClient) bool { return other.Name == c.Name && other.Version == c.Version })
	seen = append([]seenClient{c}, seen...)
	content, err := json.MarshalIndent(seen[:min(len(seen), maxClients)], "", "  ")
	if err == nil {
		err = replaceFile(clientsFile(data), content)
	}
	if err != nil {
		slog.Warn("the client is not noted", "error", err)
	}
}

// parseClient reads either generation's words. Clients of revision 2026-07-28 have no
// initialize; each request says in _meta who sends it.
func parseClient(params json.RawMessage) (seenClient, bool) {
	var older struct {
		Revision     string                     `json:"protocolVersion"`
		Info         mcp.Implementation         `json:"clientInfo"`
		Capabilities mcp.ClientCapabilities     `json:"capabilities"`
		Meta         map[string]json.RawMessage `json:"_meta"`
	}
	if json.Unmarshal(params, &older) != nil {
		return seenClient{}, false
	}
	for key, into := range map[string]any{
		mcp.MetaKeyProtocolVersion: &older.Revision, mcp.MetaKeyClientInfo: &older.Info, mcp.MetaKeyClientCapabilities: &older.Capabilities,
	} {
		if written, found := older.Meta[key]; found && json.Unmarshal(written, into) != nil {
			return seenClient{}, false
		}
	}
	return seenClient{
		Name: plain.Excerpt(older.Info.Name, maxClientText), Version: plain.Excerpt(older.Info.Version, maxClientText),
		Revision: plain.Excerpt(older.Revision, maxClientText), Forms: elicitation.Supported(older.Capabilities.Elicitation), At: time.Now().UTC().Truncate(time.Second),
	}, older.Info.Name != "" && older.Revision != ""
}

// replaceFile writes a file whole, also beside another process that does. The temporary
// file is in the same folder, since a rename does not cross file systems.
func replaceFile(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // unless it is renamed
	_, err = file.Write(content)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
