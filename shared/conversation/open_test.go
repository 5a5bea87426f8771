package conversation

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOpenNamesTheSettingThatIsWrong(t *testing.T) {
	for name, value := range map[string]string{
		"DATABASE_URL":       "",
		"DEFAULT_BATCH_SIZE": "11",
		"MAX_QUESTIONS":      "0",
		"DATABASE_MAX_CONNS": "many",
		"ASSUME_CONFIDENCE":  "2",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("DATABASE_URL", "postgres://localhost/x")
			t.Setenv(name, value)
			_, err := Open()
			assert.ErrorContains(t, err, name)
		})
	}
}

func TestOpenConnectsToNothing(t *testing.T) {
	t.Setenv("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
	service, err := Open()
	if assert.NoError(t, err) {
		service.Close()
	}
}
