package conversation

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestATurnSaysWhichToolsAreCalledNext(t *testing.T) {
	batch := []Question{{QuestionID: "q1"}}
	assert.Equal(t, []string{followUpTool}, Turn{Questions: batch, NextBatchNeeded: true}.CalledNext())
	assert.Equal(t, []string{followUpTool, reportTool}, Turn{Questions: batch}.CalledNext(), "the last batch")
	assert.Equal(t, []string{reportTool}, Turn{}.CalledNext(), "asking is over")
}
