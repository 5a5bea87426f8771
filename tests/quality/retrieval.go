package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
	"github.com/sequential-questioning/sequential-questioning/shared/qdrant/embedded"
	"github.com/sequential-questioning/sequential-questioning/shared/retrieval"
)

// trainingFolds is how many parts the training topics are cut into: each part
// is measured with what the others' questions served.
const trainingFolds = 10

var recallCuts = []int{5, 10, 20, 30}

// measureRetrieval ranks ClariQ's question bank for the requests of its topics
// with package retrieval on the embedded Qdrant, and returns the recall. The
// folder holds question_bank.tsv, train.tsv and the topics to measure, such as
// dev.tsv, in other .tsv files.
func measureRetrieval(ctx context.Context, folder string) (table, error) {
	bank, err := readBank(folder)
	if err != nil {
		return table{}, err
	}
	train, err := readTopics(filepath.Join(folder, "train.tsv"), bank)
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
	m := retrievalMeasure{bank: bank, store: retrieval.NewBank(client, "clariq")}
	t := table{
		title: "Retrieval of questions (ClariQ)",
		about: "Share of a topic's relevant questions among the first k of the bank, the mean over topics. " +
			"A question is known by its text; or also by goals that it served, as a bank has them after some use: " +
			"here the training topics, never the topic that is measured.",
		columns: []string{"topics", "known of a question", "n", "R@5", "R@10", "R@20", "R@30"},
	}
	if err := m.training(ctx, train, &t); err != nil {
		return table{}, err
	}
	files, err := heldFiles(folder)
	if err != nil {
		return table{}, err
	}
	for _, file := range files {
		topics, err := readTopics(file, bank)
		if err != nil {
			return table{}, err
		}
		if err := m.held(ctx, strings.TrimSuffix(filepath.Base(file), ".tsv"), train, topics, &t); err != nil {
			return table{}, err
		}
	}
	if m.rankings == 0 {
		return table{}, fmt.Errorf("%s has no topics: want train.tsv or dev.tsv", folder)
	}
	t.note("Questions in the bank: %d. Mean time of a ranking: %s, embedded Qdrant included.",
		len(bank), (m.taken / time.Duration(m.rankings)).Round(10*time.Microsecond))
	t.note("On dev, ClariQ's own runs have at 30: BM25 .6913, a fine-tuned BERT ranker .7543.")
	t.note("The settings were chosen on the training topics. In ClariQ nearly every question belongs to one topic, so what served goals add is mostly which questions are about another one.")
	return t, nil
}

// retrievalMeasure is a measurement under way.
type retrievalMeasure struct {
	bank     []retrieval.Question
	store    *retrieval.Bank
	rankings int
	taken    time.Duration
}

// training measures the training topics, with earlier goals by cross-validation.
func (m *retrievalMeasure) training(ctx context.Context, train []topic, t *table) error {
	if len(train) == 0 {
		return nil
	}
	plain, err := m.recall(ctx, nil, train)
	if err != nil {
		return err
	}
	addRecall(t, "train", "text", len(train), plain)
	var sum recall
	order := rand.New(rand.NewPCG(1, 1)).Perm(len(train))
	for fold := range trainingFolds {
		var known, asked []topic
		for place, i := range order {
			if place%trainingFolds == fold {
				asked = append(asked, train[i])
			} else {
				known = append(known, train[i])
			}
		}
		found, err := m.recall(ctx, known, asked)
		if err != nil {
			return err
		}
		for i := range sum {
			sum[i] += found[i] * float64(len(asked)) / float64(len(train))
		}
	}
	addRecall(t, "train", fmt.Sprintf("text, goals served (%d folds)", trainingFolds), len(train), sum)
	return nil
}

// heldFiles are the files of topics that nothing was learnt from.
func heldFiles(folder string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.tsv"))
	return slices.DeleteFunc(files, func(file string) bool {
		return slices.Contains([]string{"question_bank.tsv", "train.tsv"}, filepath.Base(file))
	}), err
}

// held measures topics that nothing was learnt from.
func (m *retrievalMeasure) held(ctx context.Context, name string, train, topics []topic, t *table) error {
	plain, err := m.recall(ctx, nil, topics)
	if err != nil {
		return err
	}
	addRecall(t, name, "text", len(topics), plain)
	if len(train) == 0 {
		return nil
	}
	used, err := m.recall(ctx, train, topics)
	if err != nil {
		return err
	}
	addRecall(t, name, "text, goals served (train)", len(topics), used)
	return nil
}

// recall is the mean share of relevant questions found, at each of recallCuts.
type recall [4]float64

// recall stores the bank, with the known topics' requests as goals that their
// questions served, and ranks it for the topics.
func (m *retrievalMeasure) recall(ctx context.Context, known, topics []topic) (recall, error) {
	served := map[string][]string{}
	for _, k := range known {
		for id := range k.relevant {
			served[id] = append(served[id], k.request)
		}
	}
	questions := make([]retrieval.Question, len(m.bank))
	for i, question := range m.bank {
		question.Goals = served[question.ID]
		questions[i] = question
	}
	if err := m.store.Drop(ctx); err != nil {
		return recall{}, err
	}
	if err := m.store.Put(ctx, questions); err != nil {
		return recall{}, err
	}
	var sum recall
	for _, topic := range topics {
		start := time.Now()
		ranked, err := m.store.Rank(ctx, topic.request, recallCuts[len(recallCuts)-1])
		if err != nil {
			return recall{}, fmt.Errorf("rank for %q: %w", topic.request, err)
		}
		m.taken += time.Since(start)
		m.rankings++
		for i, share := range topic.recall(ranked) {
			sum[i] += share / float64(len(topics))
		}
	}
	return sum, nil
}

func (t topic) recall(ranked []retrieval.Ranked) recall {
	var shares recall
	if len(t.relevant) == 0 {
		return shares
	}
	for i, cut := range recallCuts {
		for _, r := range ranked[:min(cut, len(ranked))] {
			if t.relevant[r.ID] {
				shares[i] += 1 / float64(len(t.relevant))
			}
		}
	}
	return shares
}

func addRecall(t *table, topics, known string, n int, found recall) {
	cells := []string{topics, known, strconv.Itoa(n)}
	for _, share := range found {
		cells = append(cells, strings.TrimPrefix(strconv.FormatFloat(share, 'f', 4, 64), "0"))
	}
	t.add(cells...)
}
