// Package promotion compares two branches, checks the rules of a release, and moves the
// target branch forward.
//
// It does not ask and does not deploy: Prepare only reads, Push moves the branch, and Argo CD
// does the rest. What is checked of a tree comes as Rules from outside. Begin with Prepare.
package promotion

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sequential-questioning/sequential-questioning/gitops/release/manifest"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/migration"
	"github.com/sequential-questioning/sequential-questioning/gitops/release/repository"
)

// What is compared, by its place in the repository.
const (
	imagesFile       = "gitops/images/kustomization.yaml"
	migrationsFolder = "migrations"
	policiesFolder   = "policies"
	platformFolder   = "gitops/platform"
	argocdFolder     = "gitops/argocd"
	ownerFolder      = "gitops/owner"
)

// Request names the branches, the remote and the overlay of a promotion.
// From and To are branches of Remote, not local ones.
type Request struct {
	From    string
	To      string
	Remote  string
	Overlay string // folder that To deploys, such as gitops/overlays/prod
}

// Broken is a broken rule with a remedy. It is not an error: all rules are checked, and
// all that are broken are listed together.
type Broken struct {
	Rule  string
	What  string
	Right string // empty if What includes the remedy
}

// String has the rule, what breaks it and the remedy, in this order.
func (b Broken) String() string {
	if b.Right == "" {
		return b.Rule + ": " + b.What
	}
	return b.Rule + ": " + b.What + ": " + b.Right
}

// Rule checks the exported tree of the promoted commit and the objects that its overlay
// builds. An error means that the rule could not be checked, which stops the promotion
// as well.
type Rule func(ctx context.Context, tree string, objects []*unstructured.Unstructured) ([]Broken, error)

// Promotion describes what a promotion would change. It is made by Prepare and not
// changed afterwards.
type Promotion struct {
	Request
	Seen   string // To's commit
	Commit string // From's commit

	Commits    []repository.Commit
	Images     []ImageChange
	Objects    []ObjectChange
	Migrations []migration.File
	Findings   []migration.Finding // notes and accepted contractions
	Policies   []repository.Change
	Platform   []repository.Change
	Notes      []string
	Broken     []Broken

	repository *repository.Repository
}

// Nothing reports whether the target branch is already at the promoted commit.
func (p *Promotion) Nothing() bool { return p.Seen != "" && p.Seen == p.Commit }

// Err returns an error that lists all broken rules, or nil.
// Its text has one line for each rule, and is printed as it is.
func (p *Promotion) Err() error {
	if len(p.Broken) == 0 {
		return nil
	}
	count := fmt.Sprintf("%d rules are broken", len(p.Broken))
	if len(p.Broken) == 1 {
		count = "a rule is broken"
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s is not promoted to %s, %s:", p.From, p.To, count)
	for _, broken := range p.Broken {
		text.WriteString("\n  " + strings.ReplaceAll(broken.String(), "\n", "\n    "))
	}
	return errors.New(text.String())
}

// breaks notes a broken rule: the rule's name, what breaks it, and how to mend that.
func (p *Promotion) breaks(rule, what, right string) {
	p.Broken = append(p.Broken, Broken{Rule: rule, What: what, Right: right})
}

// Prepare determines what a promotion would change and which rules it breaks. It only
// updates the remote-tracking branches. Commits are compared as they are on the remote,
// whatever the working tree holds: only what others can see is promoted. A rule that is
// broken is no error; see Err.
func Prepare(ctx context.Context, repo *repository.Repository, request Request, rules ...Rule) (*Promotion, error) {
	p := &Promotion{Request: request, repository: repo}
	if request.From == request.To {
		return nil, fmt.Errorf("%s cannot be promoted to itself", request.From)
	}
	if err := p.locate(ctx); err != nil {
		return nil, err
	}
	if err := p.workingTree(ctx); err != nil {
		return nil, err
	}
	if p.Seen == "" || p.Commit == "" {
		return p, nil
	}
	if p.Nothing() {
		return p, nil
	}
	for _, compare := range []func(context.Context) error{p.commits, p.migrations, p.others} {
		if err := compare(ctx); err != nil {
			return nil, err
		}
	}
	return p, p.trees(ctx, rules)
}

// locate finds the commits of both branches on the remote and fetches them. A branch
// that is missing is a broken rule, with the command that creates it.
func (p *Promotion) locate(ctx context.Context) error {
	remotes, err := p.repository.Remotes(ctx)
	if err != nil {
		return err
	}
	if _, err := p.repository.URL(ctx, p.Remote); err != nil {
		return fmt.Errorf("there is no remote %s: want one of %s", p.Remote, strings.Join(remotes, ", "))
	}
	// The remote is asked now; remote-tracking branches may be hours old.
	heads, err := p.repository.Heads(ctx, p.Remote, p.From, p.To)
	if err != nil {
		return err
	}
	p.Commit, p.Seen = heads[p.From], heads[p.To]
	if p.Commit == "" {
		p.breaks("branch", fmt.Sprintf("%s has no branch %s", p.Remote, p.From), "push it, or choose another with --from")
	}
	if p.Seen == "" {
		right := "choose another with --to"
		if p.Commit != "" {
			right += fmt.Sprintf(", or create it once: git push %s %s:refs/heads/%s", p.Remote, p.Commit, p.To)
		}
		p.breaks("branch", fmt.Sprintf("%s has no branch %s", p.Remote, p.To), right)
	}
	if p.Commit == "" || p.Seen == "" {
		return nil
	}
	if err := p.repository.Fetch(ctx, p.Remote, p.From, p.To); err != nil {
		return err
	}
	// The fetch may have brought a later commit than the one that was listed.
	for branch, commit := range heads {
		if p.repository.Resolve(ctx, commit) == "" {
			return fmt.Errorf("%s moved on %s during the fetch: run this again", branch, p.Remote)
		}
	}
	return nil
}

// workingTree refuses uncommitted changes. They would not be promoted, but whoever
// promotes may believe so. Local commits that were not pushed are only noted.
func (p *Promotion) workingTree(ctx context.Context) error {
	changes, err := p.repository.Uncommitted(ctx)
	if err != nil {
		return err
	}
	if len(changes) > 0 {
		p.breaks("working tree", fmt.Sprintf("uncommitted: %s", abridged(changes, 5)), "commit or stash them: only commits on the remote are promoted")
	}
	// A developer may have forgotten to push.
	if local := p.repository.Resolve(ctx, "refs/heads/"+p.From); local != "" && p.Commit != "" {
		unpushed, err := p.repository.Log(ctx, p.Commit, local)
		if err != nil {
			return err
		}
		if len(unpushed) > 0 {
			p.Notes = append(p.Notes, fmt.Sprintf("local %s has commits that %s lacks (%d): they are not promoted", p.From, p.Remote, len(unpushed)))
		}
	}
	return nil
}

// abridged joins the first items and counts the rest.
func abridged(items []string, most int) string {
	var trimmed []string
	for _, item := range items[:min(len(items), most)] {
		trimmed = append(trimmed, strings.TrimSpace(item))
	}
	text := strings.Join(trimmed, ", ")
	if len(items) > most {
		text += fmt.Sprintf(" and %d more", len(items)-most)
	}
	return text
}

// commits lists what is promoted. Commits that only the target has, such as a revert,
// refuse the promotion: a fast-forward would lose them.
func (p *Promotion) commits(ctx context.Context) error {
	var err error
	if p.Commits, err = p.repository.Log(ctx, p.Seen, p.Commit); err != nil {
		return err
	}
	// Commits that only the target has.
	own, err := p.repository.Log(ctx, p.Commit, p.Seen)
	if err != nil {
		return err
	}
	if len(own) == 0 {
		return nil
	}
	var listed []string
	for _, commit := range own {
		listed = append(listed, repository.Short(commit.Hash)+" "+commit.Subject)
	}
	p.breaks("diverged", fmt.Sprintf("%s has commits that %s lacks and cannot be fast-forwarded:\n%s", p.To, p.From, strings.Join(listed, "\n")),
		"merge them back without squash or cherry-pick:\n  "+
			strings.Join(repository.Returning(p.Remote, p.To, p.From), " && \\\n  ")+
			"\nA merged-back revert also removes its change from "+p.From+"; once it is fixed, restore it with `git revert <the revert>`")
	return nil
}

// migrations checks what the new migrations do to a schema on which the previous
// release still runs. Released ones that were deleted at any time count too: a database
// may have them.
func (p *Promotion) migrations(ctx context.Context) error {
	released, err := p.sql(ctx, p.Seen)
	if err != nil {
		return err
	}
	candidate, err := p.sql(ctx, p.Commit)
	if err != nil {
		return err
	}
	// A migration may have been released and deleted again before this promotion.
	deletions, err := p.repository.Deletions(ctx, p.Seen, migrationsFolder)
	if err != nil {
		return err
	}
	var withdrawn []migration.Withdrawn
	for _, deletion := range deletions {
		if strings.HasSuffix(deletion.Path, ".sql") {
			withdrawn = append(withdrawn, migration.Withdrawn{
				File:   migration.File{Name: filepath.Base(deletion.Path), Content: string(deletion.Content)},
				Commit: repository.Short(deletion.Commit),
			})
		}
	}
	compared := migration.Compare(released, candidate, withdrawn)
	p.Migrations = compared.Added
	for _, finding := range compared.Findings {
		if finding.Severity != migration.Refusal {
			p.Findings = append(p.Findings, finding)
			continue
		}
		where := finding.File
		if finding.Line > 0 {
			where = fmt.Sprintf("%s:%d", finding.File, finding.Line)
		}
		p.breaks("migration", where+" "+finding.Problem, finding.Remedy)
	}
	return nil
}

// sql reads the migrations of a commit.
// Files are named without their folder, as in the database's table of migrations.
func (p *Promotion) sql(ctx context.Context, commit string) ([]migration.File, error) {
	names, err := p.repository.List(ctx, commit, migrationsFolder)
	if err != nil {
		return nil, err
	}
	var files []migration.File
	for _, name := range names {
		if !strings.HasSuffix(name, ".sql") {
			continue
		}
		content, _, err := p.repository.Show(ctx, commit, name)
		if err != nil {
			return nil, err
		}
		files = append(files, migration.File{Name: filepath.Base(name), Content: string(content)})
	}
	return files, nil
}

// others compares what the overlay does not build. The owner's values show up among the
// policies, which copy some of them.
// Files are compared, not what they build: Argo CD deploys these by other Applications.
func (p *Promotion) others(ctx context.Context) error {
	var err error
	if p.Policies, err = p.repository.Changes(ctx, p.Seen, p.Commit, policiesFolder, ownerFolder); err != nil {
		return err
	}
	if p.Platform, err = p.repository.Changes(ctx, p.Seen, p.Commit, platformFolder); err != nil {
		return err
	}
	for _, folder := range []string{argocdFolder, ownerFolder} {
		changes, err := p.repository.Changes(ctx, p.Seen, p.Commit, folder)
		if err != nil {
			return err
		}
		if len(changes) > 0 {
			p.Notes = append(p.Notes, folder+" changes. Argo CD does not sync its projects and roles: apply "+argocdFolder+" or "+platformFolder+" after the promotion")
		}
	}
	return p.images(ctx)
}

// trees exports both commits and compares the manifests that they deploy.
// An overlay that does not build at the target is a note, because the promotion may be what
// mends it; at the promoted commit it is a broken rule.
func (p *Promotion) trees(ctx context.Context, rules []Rule) error {
	folder, err := os.MkdirTemp("", "promotion-")
	if err != nil {
		return fmt.Errorf("create a folder for the comparison: %w", err)
	}
	defer os.RemoveAll(folder)
	before, after := filepath.Join(folder, "before"), filepath.Join(folder, "after")
	// Both trees are built as commits are, so neither sees the working tree.
	for target, commit := range map[string]string{before: p.Seen, after: p.Commit} {
		if err := p.repository.Export(ctx, commit, target); err != nil {
			return err
		}
	}
	var old []*unstructured.Unstructured
	if _, err := os.Stat(filepath.Join(before, p.Overlay)); err != nil {
		p.Notes = append(p.Notes, fmt.Sprintf("%s has no %s yet: all manifests are new", p.To, p.Overlay))
	} else if old, err = manifest.Build(filepath.Join(before, p.Overlay)); err != nil {
		p.Notes = append(p.Notes, fmt.Sprintf("%s does not build at %s, so its changes are unknown: %s", p.Overlay, repository.Short(p.Seen), within(err, folder)))
	}
	if _, err := os.Stat(filepath.Join(after, p.Overlay)); err != nil {
		p.breaks("manifests", fmt.Sprintf("%s has no %s", p.From, p.Overlay), "set the folder with --overlay")
		return nil
	}
	objects, err := manifest.Build(filepath.Join(after, p.Overlay))
	if err != nil {
		p.breaks("manifests", p.Overlay+" does not build", within(err, folder))
		return nil
	}
	p.Objects = compare(old, objects)
	p.pinned(objects)
	for _, rule := range rules {
		broken, err := rule(ctx, after, objects)
		if err != nil {
			return err
		}
		// Paths are shown as they are in the repository, without the temporary folder.
		for _, b := range broken {
			p.breaks(b.Rule, strings.ReplaceAll(b.What, after+string(filepath.Separator), ""), strings.ReplaceAll(b.Right, after+string(filepath.Separator), ""))
		}
	}
	return nil
}

// within returns an error's text without the temporary folder.
func within(err error, folder string) string {
	text := err.Error()
	for _, tree := range []string{"before", "after"} {
		text = strings.ReplaceAll(text, filepath.Join(folder, tree)+string(filepath.Separator), "")
	}
	return text
}

// Push moves the target branch forward if it has not moved since Prepare.
func (p *Promotion) Push(ctx context.Context) error {
	return p.repository.Push(ctx, p.Remote, p.To, p.Seen, p.Commit)
}
