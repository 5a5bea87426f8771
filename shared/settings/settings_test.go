package settings_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/settings"
)

// limits and pool have fields of one name, as programs' structs do.
type limits struct {
	Size    int               `env:"LIMIT_SIZE" envDefault:"3"`
	Timeout time.Duration     `env:"LIMIT_TIMEOUT" envDefault:"30s"`
	Share   float64           `env:"LIMIT_SHARE"`
	Strict  bool              `env:"LIMIT_STRICT"`
	Each    map[string]string `env:"LIMIT_EACH" envKeyValSeparator:"="`
	Fixed   int
}

type pool struct {
	Size  int32  `env:"POOL_SIZE"`
	Nodes uint32 `env:"POOL_NODES"`
	Key   string `env:"POOL_KEY"`
}

type config struct {
	Limits limits
	Pool   pool
}

func TestSettingsComeFromTheEnvironment(t *testing.T) {
	t.Setenv("LIMIT_SIZE", "7")
	t.Setenv("POOL_KEY", "a, b")
	c := config{Limits: limits{Fixed: 9}}
	require.NoError(t, settings.Parse(&c))
	assert.Equal(t, config{limits{Size: 7, Timeout: 30 * time.Second, Fixed: 9}, pool{Key: "a, b"}}, c)
}

func TestAMalformedSettingIsNamedAsItWasWritten(t *testing.T) {
	for variable, want := range map[string]string{
		"LIMIT_SIZE=many":      `LIMIT_SIZE is "many": want a whole number`,
		"POOL_SIZE=3000000000": `POOL_SIZE is "3000000000": want a whole number of at most 2147483647`,
		"POOL_NODES=-1":        `POOL_NODES is "-1": want a whole number from 0 to 4294967295`,
		"LIMIT_TIMEOUT=30":     `LIMIT_TIMEOUT is "30": want a duration, such as 500ms, 30s or 4m30s`,
		"LIMIT_SHARE=95%":      `LIMIT_SHARE is "95%": want a number, such as 0.95`,
		"LIMIT_STRICT=yes":     `LIMIT_STRICT is "yes": want true or false`,
		"LIMIT_EACH=a:b":       `LIMIT_EACH is "a:b": want name=value, several with commas between them`,
	} {
		name, value, _ := strings.Cut(variable, "=")
		var c config
		assert.EqualError(t, settings.ParseFrom(map[string]string{name: value}, &c), "settings: "+want)
	}
}

func TestEveryMalformedSettingIsReportedAndNoKey(t *testing.T) {
	var c config
	err := settings.ParseFrom(map[string]string{
		"LIMIT_SIZE": "x\ny", "POOL_SIZE": strings.Repeat("9", 100), "POOL_KEY": "hidden", "POOL_NODES": "3",
	}, &c)
	require.Error(t, err)
	assert.Contains(t, err.Error(), `LIMIT_SIZE is "x y"`)
	assert.Contains(t, err.Error(), `POOL_SIZE is "`+strings.Repeat("9", 59)+`…"`)
	assert.NotContains(t, err.Error(), "hidden")
	assert.NotContains(t, err.Error(), "POOL_NODES")
	assert.NotContains(t, err.Error(), "Size\"", "the field's name says nothing to an operator")
}
