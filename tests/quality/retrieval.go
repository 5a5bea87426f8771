package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/embedded"
	"github.com/sequential-questioning/sequential-questioning/shared/retrieval"
)

// recallCuts are the numbers of results at which ClariQ's own leaderboard measures.
// With the same ones our figures stand beside those of its participants.
var recallCuts = []int{5, 10, 20, 30}

// measureRetrieval searches ClariQ's question bank for the requests of its topics
// as memory searches what was said earlier without a model: both texts encoded by
// package retrieval, words and runs of characters fused by Qdrant. The folder
// holds question_bank.tsv and topics in other .tsv files.
// It stores nothing on disk.
func measureRetrieval(ctx context.Context, folder string) (table, error) {
	bank, err := readBank(folder)
	if err != nil {
		return table{}, err
	}
	server, err := embedded.Start(embedded.Options{})
	if err != nil {
		return table{}, err
	}
	defer server.Close()
	client, err := qdrant.Open(qdrant.Config{URL: server.URL(), Timeout: 10 * time.Second})
	if err != nil {
		return table{}, err
	}
	defer client.Close()
	if err := store(ctx, client, bank); err != nil {
		return table{}, err
	}
	t := table{
		title: "Search in memory (ClariQ)",
		about: "The share of a topic's relevant questions among the first k results of memory's search for its request, " +
			"without a model, averaged over topics.",
		columns: []string{"topics", "n", "R@5", "R@10", "R@20", "R@30"},
	}
	files, err := topicFiles(folder)
	if err != nil {
		return table{}, err
	}
	var taken time.Duration
	searches := 0
	for _, file := range files {
		topics, err := readTopics(file, bank)
		if err != nil {
			return table{}, err
		}
		began := time.Now()
		found, err := meanRecall(ctx, client, topics)
		if err != nil {
			return table{}, err
		}
		taken, searches = taken+time.Since(began), searches+len(topics)
		addRecall(&t, strings.TrimSuffix(filepath.Base(file), ".tsv"), len(topics), found)
	}
	if searches == 0 {
		return table{}, fmt.Errorf("%s has no topics: want train.tsv or dev.tsv", folder)
	}
	t.note("Questions in the bank: %d. Mean time of a search: %s, embedded Qdrant included.",
		len(bank), (taken / time.Duration(searches)).Round(10*time.Microsecond))
	t.note("ClariQ's own runs on dev reach, at 30: BM25 .6913, a fine-tuned BERT ranker .7543.")
	t.note("The settings of the encoding were chosen on the training topics.")
	return t, nil
}

// Names in the collection.
const (
	bankName    = "clariq"
	wordsVector = "words"
	gramsVector = "grams"
	idField     = "question"
)

// vectors are those of package memory, under its names.
func vectors(v retrieval.Vectors) map[string]qdrant.Sparse {
	return map[string]qdrant.Sparse{wordsVector: v.Words, gramsVector: v.Grams}
}

// store writes the bank as memory writes answers. The ids are derived from ClariQ's, so
// that a bank that lists a question twice stores it once.
func store(ctx context.Context, client *qdrant.Client, bank []question) error {
	points := make([]qdrant.Point, len(bank))
	for i, q := range bank {
		points[i] = qdrant.Point{
			ID:      uuid.NewSHA1(uuid.NameSpaceURL, []byte(q.id)).String(),
			Sparse:  vectors(retrieval.Encode(q.text)),
			Payload: map[string]any{idField: q.id},
		}
	}
	if err := client.Ensure(ctx, qdrant.Collection{Name: bankName, Sparse: []string{wordsVector, gramsVector}}); err != nil {
		return err
	}
	return client.Upsert(ctx, bankName, points)
}

// topicFiles are the .tsv files of the folder other than the bank.
func topicFiles(folder string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.tsv"))
	return slices.DeleteFunc(files, func(file string) bool { return filepath.Base(file) == bankFile }), err
}

// recall is the mean share of relevant questions found, at each of recallCuts. It is a
// share and no count: topics differ in how many questions are relevant to them.
type recall [4]float64

// meanRecall is the mean over topics, each with the same weight.
// Searches run one after the other, so that their mean time is that of one.
func meanRecall(ctx context.Context, client *qdrant.Client, topics []topic) (recall, error) {
	var sum recall
	for _, topic := range topics {
		hits, err := client.Search(ctx, bankName, qdrant.Query{
			Sparse: vectors(retrieval.EncodeQuery(topic.request)), Limit: recallCuts[len(recallCuts)-1]})
		if err != nil {
			return recall{}, fmt.Errorf("search for %q: %w", topic.request, err)
		}
		found := make([]string, len(hits))
		for i, hit := range hits {
			found[i], _ = hit.Payload[idField].(string)
		}
		for i, share := range topic.recall(found) {
			sum[i] += share / float64(len(topics))
		}
	}
	return sum, nil
}

// recall is the share of the topic's relevant questions among those found, best first.
// A topic with nothing relevant in the bank counts as nothing found.
func (t topic) recall(found []string) recall {
	var shares recall
	if len(t.relevant) == 0 {
		return shares
	}
	for i, cut := range recallCuts {
		for _, id := range found[:min(cut, len(found))] {
			if t.relevant[id] {
				shares[i] += 1 / float64(len(t.relevant))
			}
		}
	}
	return shares
}

// addRecall writes figures as information retrieval does, without the leading zero.
func addRecall(t *table, topics string, n int, found recall) {
	cells := []string{topics, strconv.Itoa(n)}
	for _, share := range found {
		cells = append(cells, strings.TrimPrefix(strconv.FormatFloat(share, 'f', 4, 64), "0"))
	}
	t.add(cells...)
}
