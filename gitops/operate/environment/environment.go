// Package environment derives the names of an environment's resources.
//
// It knows names and numbers only, and connects to nothing. Begin with Parse.
package environment

import (
	"fmt"
	"slices"
)

// All lists the environments.
var All = []Environment{"dev", "staging", "prod"}

// Environment is the name of an environment.
type Environment string

// Parse reads an environment's name.
func Parse(name string) (Environment, error) {
	if e := Environment(name); slices.Contains(All, e) {
		return e, nil
	}
	return "", fmt.Errorf("there is no environment %q: want one of %v", name, All)
}

// Database is the name of the serving database.
func (e Environment) Database() string { return "sq_" + string(e) }

// Owner is the role that owns the database and migrates it.
func (e Environment) Owner() string { return "sq_" + string(e) + "_owner" }

// Role is the role that functions connect as.
func (e Environment) Role() string { return "sq_" + string(e) }

// GatewayRole is the role that the gateway connects as.
func (e Environment) GatewayRole() string { return "sq_" + string(e) + "_gateway" }

// Namespace is where the functions run.
func (e Environment) Namespace() string { return "sequential-questioning-" + string(e) }

// GatewayConnections is the gateway's connection limit: two for each of ten instances,
// including those of the next release during a rollout.
const GatewayConnections = 20

// Connections is the connection limit of the other functions: the limit in
// gitops/overlays/<environment>/database.yaml minus its reserve and GatewayConnections.
func (e Environment) Connections() int {
	return map[Environment]int{"dev": 180, "staging": 280, "prod": 370}[e] - GatewayConnections
}
