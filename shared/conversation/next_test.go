package conversation

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestATurnSaysWhichToolsAreCalledNext(t *testing.T) {
	batch := []Question{{QuestionID: "q1"}}
	assert.Equal(t, []string{followUpTool}, Turn{Questions: batch}.CalledNext())
	assert.Equal(t, []string{followUpTool, reportTool}, Turn{shown: shown{Assumed: map[string]string{"place": "Rome"}}}.CalledNext(), "it may be corrected")
	assert.Equal(t, []string{reportTool}, Turn{}.CalledNext(), "asking is over")
}
