// Package environment names what belongs to each environment.
package environment

import (
	"fmt"
	"slices"
	"strings"
)

// All are the environments there are.
var All = []Environment{"dev", "staging", "prod"}

// Environment is the name of one.
type Environment string

// Parse reads an environment's name.
func Parse(name string) (Environment, error) {
	if e := Environment(name); slices.Contains(All, e) {
		return e, nil
	}
	names := make([]string, len(All))
	for i, e := range All {
		names[i] = string(e)
	}
	return "", fmt.Errorf("there is no environment %q; there are: %s", name, strings.Join(names, ", "))
}

// Database is the name of the database that serves.
func (e Environment) Database() string { return "sq_" + string(e) }

// Owner is the role that owns the database and migrates it.
func (e Environment) Owner() string { return "sq_" + string(e) + "_owner" }

// Role is the role that functions connect as.
func (e Environment) Role() string { return "sq_" + string(e) }

// GatewayRole is the role that the gateway connects as.
func (e Environment) GatewayRole() string { return "sq_" + string(e) + "_gateway" }

// Namespace is where the functions run.
func (e Environment) Namespace() string { return "sequential-questioning-" + string(e) }

// Cluster is the name of CloudNativePG's Cluster, in the namespace databases.
func (e Environment) Cluster() string { return "sq-" + string(e) }

// GatewayConnections is how many connections the gateway may hold: two for each of
// ten instances, those of the next release among them.
const GatewayConnections = 20

// Connections is how many connections the other functions may hold: what
// gitops/overlays/<environment>/database.yaml allows less what it reserves and what
// the gateway holds.
func (e Environment) Connections() int {
	return map[Environment]int{"dev": 180, "staging": 280, "prod": 370}[e] - GatewayConnections
}
