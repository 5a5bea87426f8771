package jsonrpc_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sequential-questioning/sequential-questioning/shared/jsonrpc"
)

func TestValuesAreCountedWithoutDecoding(t *testing.T) {
	for text, count := range map[string]int{
		`1`: 1, `[]`: 1, `{}`: 1, `[1,"a,b",{}]`: 4, `{"a":{"b":[1,2]},"c":"\"[{,"}`: 6, `[[[]]]`: 3, ``: 1, `"`: 1,
	} {
		assert.Equal(t, count, jsonrpc.Values([]byte(text)), text)
	}
}

// What may be read is read; the rest is refused before it is decoded.
func TestABodyHasBoundedLengthAndValues(t *testing.T) {
	const limit = 1 << 20
	message := `{"role":"user","content":"x","name":"y","id":1},`
	for what, c := range map[string]struct {
		body   string
		status int
	}{
		"the longest chat": {`[` + strings.Repeat(message, 20_000) + `{}]`, http.StatusOK},
		"many values":      {`[` + strings.Repeat(`{},`, 200_000) + `{}]`, http.StatusRequestEntityTooLarge},
		"too long":         {strings.Repeat("x", limit+1), http.StatusRequestEntityTooLarge},
		"not UTF-8":        {"\"\xff\"", http.StatusBadRequest},
	} {
		recorder := httptest.NewRecorder()
		_, ok := jsonrpc.ReadBody(recorder, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(c.body)), limit)
		assert.Equal(t, c.status == http.StatusOK, ok, what)
		assert.Equal(t, c.status, recorder.Code, what)
	}
}
