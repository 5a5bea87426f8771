package delivery

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Short is the name that the command operate knows.
func (e Environment) Short() string {
	return strings.TrimPrefix(string(e), "sequential-questioning-")
}

// Operate runs the command operate on this machine's PostgreSQL and Qdrant, as an
// operator does, and returns all that it printed. Backups are in a folder of this
// run's.
func (w *World) Operate(ctx context.Context, environment Environment, args ...string) (string, error) {
	return w.operateWith(ctx, append(w.Qdrant.Environment(), "DATABASE_URL="+w.roles[environment].functions.here), args...)
}

func (w *World) operateWith(ctx context.Context, variables []string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, w.operate, args...)
	command.Env = append(os.Environ(), "ADMIN_DATABASE_URL="+w.Database.AdminURL(), "BACKUP_URL=file://"+filepath.Join(w.folder, "backups"))
	command.Env = append(command.Env, variables...)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return output.String(), fmt.Errorf("operate %s: %w: %s", strings.Join(args, " "), err, output.String())
	}
	return output.String(), nil
}

// roles are those of one environment's database.
type roles struct{ owner, functions, gateway at }

// initialise makes an environment's database and its roles.
func (w *World) initialise(ctx context.Context, environment Environment) (roles, error) {
	owner, functions, gateway := rand.Text(), rand.Text(), rand.Text()
	passwords := []string{"OWNER_PASSWORD=" + owner, "FUNCTIONS_PASSWORD=" + functions, "GATEWAY_PASSWORD=" + gateway}
	_, err := w.operateWith(ctx, passwords, "database", "init", environment.Short())
	if err != nil {
		return roles{}, err
	}
	const host = "postgres.databases.svc.cluster.local:5432"
	name := "sq_" + environment.Short()
	var r roles
	if r.owner, err = w.Database.at(name, name+"_owner", owner, host); err != nil {
		return roles{}, err
	}
	if r.functions, err = w.Database.at(name, name, functions, host); err != nil {
		return roles{}, err
	}
	if r.gateway, err = w.Database.at(name, name+"_gateway", gateway, host); err != nil {
		return roles{}, err
	}
	w.roles[environment] = r
	return r, nil
}
