package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const topicColumns = "topic_id\tinitial_request\tfacet\tquestion_id\tquestion\n"

func clariqFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	return folder
}

func boatData() map[string]string {
	return map[string]string{
		"question_bank.tsv": "question_id\tquestion\nQ1\t\nQ2\twhich boat do you want to rent\n" +
			"Q3\tshould the sailing boat have a crew\nQ4\twhat is the cake for\n",
		"train.tsv": topicColumns + "1\tI want a cake\tx\tQ4\twhat is the cake for\n",
		"dev.tsv": topicColumns + "7\tTell me about boats.\tx\tQ2\twhich boat do you want to rent\n" +
			"7\tTell me about boats.\ty\tQ2\twhich boat do you want to rent\n7\tTell me about boats.\ty\tQ3\tshould\n" +
			"7\tTell me about boats.\ty\tQ1\t\n",
	}
}

func TestTheEmptyQuestionIsNotInTheBank(t *testing.T) {
	bank, err := readBank(clariqFolder(t, boatData()))
	require.NoError(t, err)
	require.Len(t, bank, 3)
	assert.Equal(t, question{"Q2", "which boat do you want to rent"}, bank[0])
}

func TestATopicHasEachOfItsQuestionsOnce(t *testing.T) {
	folder := clariqFolder(t, boatData())
	bank, err := readBank(folder)
	require.NoError(t, err)
	topics, err := readTopics(filepath.Join(folder, "dev.tsv"), bank)
	require.NoError(t, err)
	assert.Equal(t, []topic{{"Tell me about boats.", map[string]bool{"Q2": true, "Q3": true}}}, topics)
}

func TestAMissingColumnIsNamed(t *testing.T) {
	folder := clariqFolder(t, map[string]string{"question_bank.tsv": "id\tquestion\n"})
	_, err := readBank(folder)
	assert.ErrorContains(t, err, "no column question_id")
}

func TestRecallIsTheShareOfTheRelevantFound(t *testing.T) {
	asked := topic{relevant: map[string]bool{"a": true, "b": true}}
	found := []string{"a", "x", "x", "x", "x", "b"}
	assert.Equal(t, recall{0.5, 1, 1, 1}, asked.recall(found))
	assert.Equal(t, recall{}, topic{}.recall(found))
}

func TestRetrievalIsMeasuredOnEveryFileOfTopics(t *testing.T) {
	measured, err := measureRetrieval(t.Context(), clariqFolder(t, boatData()))
	require.NoError(t, err)
	var text strings.Builder
	measured.writeText(&text)
	require.Len(t, measured.rows, 2, text.String())
	assert.Equal(t, []string{"dev", "1", "1.0000"}, measured.rows[0][:3])
}

func TestAFolderWithoutTopicsIsAnError(t *testing.T) {
	files := boatData()
	delete(files, "train.tsv")
	delete(files, "dev.tsv")
	_, err := measureRetrieval(t.Context(), clariqFolder(t, files))
	assert.ErrorContains(t, err, "has no topics")
}
