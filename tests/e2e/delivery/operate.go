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

// Short is the environment's name in the operate command.
func (e Environment) Short() string {
	return strings.TrimPrefix(string(e), "sequential-questioning-")
}

// Operate runs the operate command on this machine's PostgreSQL and Qdrant, as an
// operator does, and returns its output. Backups are in a folder of this run. It runs
// as the functions' role where a command takes DATABASE_URL.
func (d *Deployment) Operate(ctx context.Context, environment Environment, args ...string) (string, error) {
	return d.operateWith(ctx, append(d.Qdrant.Environment(), "DATABASE_URL="+d.roles[environment].functions.here), args...)
}

// operateWith runs it with further variables, such as passwords, which must not be
// arguments.
// They are the whole difference between commands: every one runs with the administrator's URL
// and the folder of backups.
func (d *Deployment) operateWith(ctx context.Context, variables []string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, d.operate, args...)
	command.Env = append(os.Environ(), "ADMIN_DATABASE_URL="+d.Database.AdminURL(), "BACKUP_URL=file://"+filepath.Join(d.folder, "backups"))
	command.Env = append(command.Env, variables...)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return output.String(), fmt.Errorf("operate %s: %w: %s", strings.Join(args, " "), err, output.String())
	}
	return output.String(), nil
}

// roles are the roles of one environment's database.
type roles struct{ owner, functions, gateway at }

// initialise creates an environment's database and its roles. Passwords are random for
// each run.
// The functions' URLs name the Service in the cluster, this machine's the server itself.
func (d *Deployment) initialise(ctx context.Context, environment Environment) (roles, error) {
	owner, functions, gateway := rand.Text(), rand.Text(), rand.Text()
	passwords := []string{"OWNER_PASSWORD=" + owner, "FUNCTIONS_PASSWORD=" + functions, "GATEWAY_PASSWORD=" + gateway}
	_, err := d.operateWith(ctx, passwords, "database", "init", environment.Short())
	if err != nil {
		return roles{}, err
	}
	const host = "postgres.databases.svc.cluster.local:5432"
	name := "sq_" + environment.Short()
	var r roles
	if r.owner, err = d.Database.at(name, name+"_owner", owner, host); err != nil {
		return roles{}, err
	}
	if r.functions, err = d.Database.at(name, name, functions, host); err != nil {
		return roles{}, err
	}
	if r.gateway, err = d.Database.at(name, name+"_gateway", gateway, host); err != nil {
		return roles{}, err
	}
	d.roles[environment] = r
	return r, nil
}
