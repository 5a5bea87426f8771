package retrieval

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/sequential-questioning/sequential-questioning/shared/qdrant"
)

// Bounds on a question and on a ranking.
const (
	maxIDBytes   = 200
	maxTextKept  = 2000 // bytes of a question
	maxGoals     = 16   // of a question, the last ones
	maxGoalBytes = 500
	MaxRanked    = 1000
	// candidates is how many questions each way of searching puts forward, at least.
	candidates = 200
)

// The vectors of a question.
const (
	wordsVector  = "words"
	gramsVector  = "grams"
	goalsVector  = "goals"  // the words of the goals that it served
	servedVector = "served" // how many they are, when several
)

// namespace makes a point's id of a question's id.
var namespace = uuid.MustParse("5a1c9f0e-6d0b-5c64-9a51-3f2b7f6f8a10")

// Question is a question that may be asked again for another goal.
type Question struct {
	ID   string // up to 200 bytes, unique in the bank
	Text string // up to 2,000 bytes
	// Goals are earlier goals that it was asked for and was of use. Of more than
	// 16 the last ones count; each has up to 500 bytes.
	Goals []string
}

// Ranked is a text that fits, and how well.
type Ranked struct {
	ID   string
	Text string
	// Score falls from the best to the last. In an Index it is from 0 to 1; in a
	// Bank it only compares questions of one ranking.
	Score float64
}

// Bank is a collection of questions in Qdrant, found by the goal they fit.
//
// A goal is searched for by words and by runs of characters; the questions that
// fit best lend the goal their words for a second search; at last the goals that
// a question served earlier count. The settings were chosen on the training
// topics of ClariQ, away from which recall changes little either way:
// `make quality ARGS="--clariq folder"` measures it.
type Bank struct {
	client     *qdrant.Client
	collection string
}

// NewBank returns the bank that is kept in a collection. Nothing is sent yet.
func NewBank(client *qdrant.Client, collection string) *Bank {
	return &Bank{client: client, collection: collection}
}

// Put adds questions, or replaces those with the same id. After an error some
// may be there: doing it again is safe.
func (b *Bank) Put(ctx context.Context, questions []Question) error {
	points := make([]qdrant.Point, len(questions))
	for i, question := range questions {
		point, err := question.point()
		if err != nil {
			return fmt.Errorf("bank %s: question %d of %d: %w", b.collection, i+1, len(questions), err)
		}
		points[i] = point
	}
	err := b.client.Ensure(ctx, qdrant.Collection{
		Name: b.collection, Sparse: []string{wordsVector, gramsVector, goalsVector, servedVector},
	})
	if err != nil {
		return fmt.Errorf("bank: %w", err)
	}
	if err := b.client.Upsert(ctx, b.collection, points); err != nil {
		return fmt.Errorf("bank: %w", err)
	}
	return nil
}

// Drop removes the whole bank.
func (b *Bank) Drop(ctx context.Context) error {
	if err := b.client.Drop(ctx, b.collection); err != nil {
		return fmt.Errorf("bank: %w", err)
	}
	return nil
}

// Rank returns the questions that fit a goal best, best first, at most limit
// (1 to MaxRanked). The same bank and goal give the same ranking. An empty bank
// or one that was never put has none.
func (b *Bank) Rank(ctx context.Context, goal string, limit int) ([]Ranked, error) {
	if limit < 1 || limit > MaxRanked {
		return nil, fmt.Errorf("bank %s: limit is %d: want 1 to %d", b.collection, limit, MaxRanked)
	}
	q := newQuery(goal)
	s := search{bank: b, limit: max(limit, candidates), seen: map[string]Question{}}
	terms := q.terms()
	found, err := s.all(ctx,
		ask{wordsVector, terms}, ask{gramsVector, q.runs()}, ask{goalsVector, terms}, ask{servedVector, weights{0: 1}})
	if errors.Is(err, qdrant.ErrNoCollection) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("bank: %w", err)
	}
	byWords, byGrams := found[0], found[1]
	best := blend(byWords, byGrams, firstGrams)
	found, err = s.all(ctx, ask{wordsVector, s.learn(q, best)})
	if err != nil {
		return nil, fmt.Errorf("bank: %w", err)
	}
	ranking := s.recall(goal, blend(found[0], byGrams, secondGrams))
	ranked := make([]Ranked, min(limit, len(ranking)))
	for i := range ranked {
		ranked[i] = Ranked{ID: ranking[i].id, Text: s.seen[ranking[i].id].Text, Score: ranking[i].score}
	}
	return ranked, nil
}

func (q Question) point() (qdrant.Point, error) {
	switch {
	case q.ID == "" || len(q.ID) > maxIDBytes:
		return qdrant.Point{}, fmt.Errorf("id has %d bytes: want 1 to %d", len(q.ID), maxIDBytes)
	case len(words(q.Text)) == 0:
		return qdrant.Point{}, fmt.Errorf("%s: text has no word", q.ID)
	case len(q.Text) > maxTextKept:
		return qdrant.Point{}, fmt.Errorf("%s: text has %d bytes: at most %d", q.ID, len(q.Text), maxTextKept)
	}
	for i, goal := range q.Goals {
		if len(goal) > maxGoalBytes {
			return qdrant.Point{}, fmt.Errorf("%s: goal %d has %d bytes: at most %d", q.ID, i+1, len(goal), maxGoalBytes)
		}
	}
	goals := q.Goals[max(0, len(q.Goals)-maxGoals):]
	vectors := Encode(q.Text)
	point := qdrant.Point{
		ID:      uuid.NewSHA1(namespace, []byte(q.ID)).String(),
		Sparse:  map[string]qdrant.Sparse{wordsVector: vectors.Words, gramsVector: vectors.Grams},
		Payload: map[string]any{"question": q.ID, "text": q.Text},
	}
	if len(goals) == 0 {
		return point, nil
	}
	point.Payload["goals"] = goals
	point.Sparse[goalsVector] = Encode(strings.Join(goals, "\n")).Words
	if len(goals) > 1 {
		point.Sparse[servedVector] = weights{0: math.Log(float64(len(goals)))}.sparse()
	}
	return point, nil
}

// ask is one way of searching.
type ask struct {
	vector string
	terms  weights
}

// search is one ranking under way.
type search struct {
	bank  *Bank
	limit int
	seen  map[string]Question
}

// all asks at once and returns the answers in the same order.
func (s search) all(ctx context.Context, asks ...ask) ([][]scored, error) {
	hits := make([][]qdrant.Hit, len(asks))
	errs := make([]error, len(asks))
	var group sync.WaitGroup
	for i, a := range asks {
		group.Go(func() {
			hits[i], errs[i] = s.bank.client.Search(ctx, s.bank.collection,
				qdrant.Query{Sparse: map[string]qdrant.Sparse{a.vector: a.terms.sparse()}, Limit: s.limit})
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	found := make([][]scored, len(asks))
	for i := range hits {
		for _, hit := range hits[i] {
			question := read(hit.Payload)
			s.seen[question.ID] = question
			found[i] = append(found[i], scored{question.ID, float64(hit.Score)})
		}
	}
	return found, nil
}

func read(payload map[string]any) Question {
	id, _ := payload["question"].(string)
	text, _ := payload["text"].(string)
	question := Question{ID: id, Text: text}
	goals, _ := payload["goals"].([]any)
	for _, goal := range goals {
		if goal, ok := goal.(string); ok {
			question.Goals = append(question.Goals, goal)
		}
	}
	return question
}
