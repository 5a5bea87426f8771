package check

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAConnectionAcrossTheNetworkMustBeEncrypted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tls, near bool
		well      bool
	}{{true, false, true}, {true, true, true}, {false, true, true}, {false, false, false}} {
		_, err := judge(c.tls, c.near, "TLSv1.3")
		assert.Equal(t, c.well, err == nil, "%+v", c)
	}
}
