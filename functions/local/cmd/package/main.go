// Command package makes of the programs that goreleaser built what hosts and package
// managers install: a bundle (.mcpb) for each platform, a Homebrew formula, and the
// server.json of the MCP registry, which names the bundles' digests. Nothing is built
// and nothing is published here: it can be run again, and looked at before.
package main

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sequential-questioning/sequential-questioning/functions/local"
	"github.com/sequential-questioning/sequential-questioning/shared/version"
)

const (
	// registryName is the name in the registry; its owner logs in with that GitHub account.
	registryName = "io.github.sequential-questioning/sequential-questioning"
	// registrySchema is the revision of the registry's schema.
	registrySchema = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
	// maxRegistryDescription is that schema's limit, in characters.
	maxRegistryDescription = 100
)

// Every argument has a default that make packages relies on.
func main() {
	dist := flag.String("dist", ".bin/dist", "`folder` that goreleaser wrote")
	out := flag.String("out", ".bin/packages", "`folder` to write")
	postgres := postgresFolders{}
	flag.Var(postgres, "postgresql", "`os/arch=folder` of a PostgreSQL (bin, lib, share) that the bundle for that platform brings; may be repeated")
	flag.Parse()
	if err := run(*dist, *out, postgres); err != nil {
		fmt.Fprintln(os.Stderr, "package:", err)
		os.Exit(1)
	}
}

// postgresFolders are PostgreSQL installations by platform.
type postgresFolders map[string]string

// String is empty: the flag has no default.
func (p postgresFolders) String() string { return "" }

// Set reads one platform's.
func (p postgresFolders) Set(value string) error {
	platform, folder, found := strings.Cut(value, "=")
	if !found {
		return fmt.Errorf("%q is not os/arch=folder", value)
	}
	if _, err := os.Stat(filepath.Join(folder, "bin", "postgres")); err != nil {
		return fmt.Errorf("%s holds no bin/postgres", folder)
	}
	p[platform] = folder
	return nil
}

// artifact is a file in goreleaser's artifacts.json. Type is goreleaser's word for it:
// "Binary", "Universal Binary" for Macs, "Archive".
type artifact struct {
	Name, Path, GOOS, GOARCH, Type string
}

// platform is such as linux/amd64, and darwin/all for every Mac.
func (a artifact) platform() string { return a.GOOS + "/" + a.GOARCH }

// run writes everything into out. The registry's entry comes last, as it names digests
// of the others.
func run(dist, out string, postgres postgresFolders) error {
	content, err := os.ReadFile(filepath.Join(dist, "artifacts.json"))
	if err != nil {
		return fmt.Errorf("run goreleaser first: %w", err)
	}
	var artifacts []artifact
	if err := json.Unmarshal(content, &artifacts); err != nil {
		return fmt.Errorf("read artifacts.json: %w", err)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	var bundles []bundle
	archives := map[string]artifact{}
	for _, a := range artifacts {
		switch a.Type {
		case "Binary", "Universal Binary":
			// Macs get the program for both processors; those for one are only its
			// parts.
			if a.GOOS == "darwin" && a.GOARCH != "all" {
				continue
			}
			made, err := writeBundle(out, a, postgres[a.platform()])
			if err != nil {
				return fmt.Errorf("bundle for %s: %w", a.platform(), err)
			}
			bundles = append(bundles, made)
		case "Archive":
			archives[a.platform()] = a
		}
	}
	if len(bundles) == 0 {
		return fmt.Errorf("%s names no program", filepath.Join(dist, "artifacts.json"))
	}
	slices.SortFunc(bundles, func(a, b bundle) int { return strings.Compare(a.name, b.name) })
	if err := writeJSON(filepath.Join(out, "server.json"), registryEntry(bundles)); err != nil {
		return err
	}
	if len(archives) == 0 {
		return nil // a build without archives
	}
	return writeFormula(filepath.Join(out, local.Identity().Name+".rb"), archives)
}

// bundle is a written .mcpb file. Its platform is part of the name.
type bundle struct{ name, sha256 string }

// releaseURL is where a release publishes a file. It need not exist yet: publishing
// comes after.
func releaseURL(name string) string {
	return local.Identity().WebsiteURL + "/releases/download/v" + version.Version + "/" + name
}

// writeBundle writes the program with its manifest, and PostgreSQL beside it where
// folder is not empty: there the program finds it. The digest is computed while the
// file is written: a client refuses a bundle with another.
func writeBundle(out string, program artifact, folder string) (made bundle, err error) {
	who := local.Identity()
	made.name = fmt.Sprintf("%s_%s_%s_%s.mcpb", who.Name, version.Version, program.GOOS, program.GOARCH)
	file, err := os.Create(filepath.Join(out, made.name))
	if err != nil {
		return made, err
	}
	defer file.Close()
	digest := sha256.New()
	archive := zip.NewWriter(io.MultiWriter(file, digest))
	manifest, err := encode(bundleManifest(program.GOOS))
	if err != nil {
		return made, err
	}
	if err := add(archive, "manifest.json", 0o644, strings.NewReader(string(manifest))); err != nil {
		return made, err
	}
	if err := addFile(archive, "server/"+who.Name, program.Path); err != nil {
		return made, err
	}
	if folder != "" {
		if err := addFolder(archive, "server/postgresql", folder); err != nil {
			return made, err
		}
	}
	if err := archive.Close(); err != nil {
		return made, err
	}
	made.sha256 = hex.EncodeToString(digest.Sum(nil))
	return made, file.Close()
}

// addFolder adds the files of a folder; links become what they lead to, since not
// every host unpacks links.
func addFolder(archive *zip.Writer, name, folder string) error {
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		within, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			return err
		}
		return addFile(archive, name+"/"+filepath.ToSlash(within), path)
	})
}

// addFile keeps whether a file can be run, and no other permission of this machine. The
// machine that packs may have a umask of its own.
func addFile(archive *zip.Writer, name, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	return add(archive, name, 0o644|info.Mode().Perm()&0o111, file)
}

// add has no time but one of its own, so that the same programs give the same digest.
func add(archive *zip.Writer, name string, mode fs.FileMode, content io.Reader) error {
	header := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	header.SetMode(mode)
	w, err := archive.CreateHeader(header)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, content)
	return err
}

// bundleManifest is a manifest of MCPB, version 0.3. See
// https://github.com/modelcontextprotocol/mcpb for its fields. Its tools are those that
// a client will list.
func bundleManifest(goos string) map[string]any {
	who := local.Identity()
	type tool struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	}
	var tools []tool
	for _, f := range local.ToolFunctions {
		tools = append(tools, tool{f.Tool.Name, f.Tool.Description})
	}
	return map[string]any{
		"manifest_version": "0.3",
		"name":             who.Name,
		"display_name":     who.Title,
		"version":          who.Version,
		"description":      who.Description,
		"author":           map[string]string{"name": who.Title, "url": who.WebsiteURL},
		"repository":       map[string]string{"type": "git", "url": who.WebsiteURL},
		"homepage":         who.WebsiteURL,
		"license":          "Apache-2.0",
		"server": map[string]any{
			"type":        "binary",
			"entry_point": "server/" + who.Name,
			"mcp_config":  map[string]any{"command": "${__dirname}/server/" + who.Name, "args": []string{"--stdio"}, "env": map[string]string{}},
		},
		"tools":         tools,
		"compatibility": map[string]any{"platforms": []string{goos}},
	}
}

// registryEntry is the server.json of the MCP registry. The registry downloads nothing;
// a client checks the digest. A description that is too long is refused there, so a
// short one stands ready.
func registryEntry(bundles []bundle) map[string]any {
	who := local.Identity()
	var packages []map[string]any
	for _, b := range bundles {
		packages = append(packages, map[string]any{
			"registryType": "mcpb",
			"identifier":   releaseURL(b.name),
			"version":      who.Version,
			"fileSha256":   b.sha256,
			"transport":    map[string]string{"type": "stdio"},
		})
	}
	description := who.Description
	if len(description) > maxRegistryDescription {
		description = "Gathers specific information from a person through a few well-chosen questions."
	}
	return map[string]any{
		"$schema":     registrySchema,
		"name":        registryName,
		"title":       who.Title,
		"description": description,
		"version":     who.Version,
		"websiteUrl":  who.WebsiteURL,
		"repository":  map[string]string{"url": who.WebsiteURL, "source": "github", "subfolder": "functions/local"},
		"packages":    packages,
	}
}

// writeFormula writes a Homebrew formula for the archives. Homebrew then brings
// PostgreSQL. A tap publishes it. The digests are of the archives, which Homebrew
// downloads. A missing archive is an error: a formula that serves some machines
// would look like one for all.
func writeFormula(path string, archives map[string]artifact) error {
	who := local.Identity()
	var urls strings.Builder
	for _, p := range []struct{ platform, open, close string }{
		{"darwin/all", "  on_macos do\n", "  end\n"},
		{"linux/amd64", "  on_linux do\n    on_intel do\n", "    end\n"},
		{"linux/arm64", "    on_arm do\n", "    end\n  end\n"},
	} {
		a, found := archives[p.platform]
		if !found {
			return fmt.Errorf("formula: there is no archive for %s", p.platform)
		}
		content, err := os.ReadFile(a.Path)
		if err != nil {
			return fmt.Errorf("formula: %w", err)
		}
		fmt.Fprintf(&urls, "%s      url %q\n      sha256 %q\n%s", p.open, releaseURL(a.Name), fmt.Sprintf("%x", sha256.Sum256(content)), p.close)
	}
	formula := fmt.Sprintf(`class SequentialQuestioning < Formula
  desc "MCP server that gathers specific information from a person"
  homepage %q
  version %q
  license "Apache-2.0"

%s
  depends_on "postgresql@17"

  def install
    bin.install %q
  end

  test do
    assert_equal version.to_s, shell_output("#{bin}/%s --version").strip
  end
end
`, who.WebsiteURL, who.Version, urls.String(), who.Name, who.Name)
	return os.WriteFile(path, []byte(formula), 0o644)
}

// encode is JSON as people read it, and the same for the same content.
func encode(document any) ([]byte, error) {
	content, err := json.MarshalIndent(document, "", "  ")
	return append(content, '\n'), err
}

// writeJSON writes a document into a file.
func writeJSON(path string, document any) error {
	content, err := encode(document)
	if err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}
