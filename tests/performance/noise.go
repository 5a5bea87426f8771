package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// noise times two constant workloads throughout the run. Their spread shows how accurate the
// run's figures are.
// The one uses the processor alone, the other the database and the scheduler as well.
type noise struct {
	conn         *pgx.Conn
	cpu, selects times
}

// newNoise returns a probe with a separate connection, so that no pool is in its way.
func newNoise(ctx context.Context, url string) (*noise, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	return &noise{conn: conn}, nil
}

// close ends the probe's connection.
func (n *noise) close() { n.conn.Close(context.Background()) }

// cpuWork is what the processor hashes; the content does not matter.
var cpuWork = make([]byte, 1<<20)

// sample is called between slices, while nothing else is measured. It costs about 5 ms,
// so that it can be called often.
// It is not safe for concurrent use.
func (n *noise) sample(ctx context.Context) error {
	for range 3 {
		began := time.Now()
		sha256.Sum256(cpuWork)
		n.cpu = append(n.cpu, time.Since(began))
	}
	for i := range 22 {
		began := time.Now()
		if _, err := n.conn.Exec(ctx, "SELECT 1"); err != nil {
			return fmt.Errorf("time SELECT 1: %w", err)
		}
		if i > 1 { // the first ones after a pause
			n.selects = append(n.selects, time.Since(began))
		}
	}
	return nil
}
