package conformance

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/migrations"
	"github.com/sequential-questioning/sequential-questioning/shared/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m, migrations.Up) }

func TestX(t *testing.T) { require.NotEmpty(t, postgrestest.New(t)) }
