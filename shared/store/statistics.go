package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/sequential-questioning/sequential-questioning/shared/postgres"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/store/internal/queries"
)

// A conversation's contribution to statistics lies with the conversation. Others
// see it only as a voice among many: each user has one among the users of a
// principal (for_user), and each principal one among all (for_others).

// maxContributions bounds how many of a user's own conversations count, and how
// many other users of the principal: the latest.
const maxContributions = 200

// statistics are those of one schema key, as a user's conversations see them.
type statistics struct {
	// locked reports whether the shared counts have a row.
	locked bool
	// shared are the counts of all principals.
	shared questioning.Statistics
	// voice is the principal's part of the shared counts, nil where it has none.
	voice *questioning.Contribution
	// own are the conversations of the user that count, users one of each other user of
	// the principal: of both the latest.
	own, users []string
}

// take reads a row.
func (s *statistics) take(row queries.StatisticsRow) error {
	*s = statistics{locked: row.Shared != nil, own: row.Own, users: row.Users}
	if s.locked {
		if err := json.Unmarshal(row.Shared, &s.shared); err != nil {
			return fmt.Errorf("read shared statistics: %w", err)
		}
	}
	if row.Voice != nil {
		s.voice = &questioning.Contribution{}
		if err := json.Unmarshal(row.Voice, s.voice); err != nil {
			return fmt.Errorf("read contribution: %w", err)
		}
	}
	return nil
}

// others are the shared counts without the principal's own voice, which is among
// own or users.
func (s *statistics) others() questioning.Statistics {
	if s.voice == nil {
		return s.shared
	}
	return s.shared.Without(*s.voice)
}

// queueStatistics queues the reading of a schema key's statistics for a user.
func queueStatistics(batch *pgx.Batch, schemaKey, userID string, into *statistics) {
	query(batch, (*queries.Queries).Statistics, queries.StatisticsParams{SchemaKey: schemaKey, UserID: userID, Most: maxContributions}, into.take)
}

// Statistics returns what conversations of a user go by that share a schema key;
// none where there are none yet. userID is empty for conversations without one.
func (t *Tx) Statistics(ctx context.Context, schemaKey, userID string) (questioning.Statistics, error) {
	var s statistics
	batch := t.batch(ctx)
	queueStatistics(batch, schemaKey, userID, &s)
	if err := t.sendFor(ctx, batch, "read statistics of "+schemaKey); err != nil {
		return questioning.Statistics{}, err
	}
	contributions, err := t.contributions(ctx, s.own, s.users)
	if err != nil {
		return questioning.Statistics{}, err
	}
	return questioning.Pool(questioning.Sum(of(s.own, contributions)), questioning.Sum(of(s.users, contributions)), s.others()), nil
}

// Statistics is Tx.Statistics in a separate transaction.
func (s *Store) Statistics(ctx context.Context, schemaKey, userID string) (questioning.Statistics, error) {
	return s.direct().Statistics(ctx, schemaKey, userID)
}

// contributions returns those of conversations, by id. Only those that were not read
// before take a round trip. One that was erased meanwhile has none.
func (t *Tx) contributions(ctx context.Context, of ...[]string) (map[string]questioning.Contribution, error) {
	known, unknown := t.counted.of(slices.Concat(of...))
	if len(unknown) == 0 {
		return known, nil
	}
	batch := t.batch(ctx)
	query(batch, (*queries.Queries).Contributions, unknown, func(rows []queries.ContributionsRow) error {
		read := make(map[string]countedDocument, len(rows))
		for _, row := range rows {
			document := countedDocument{bytes: len(row.Contribution)}
			if err := json.Unmarshal(row.Contribution, &document.Contribution); err != nil {
				return fmt.Errorf("read contribution: %w", err)
			}
			read[row.ConversationID] = document
			known[row.ConversationID] = document.Contribution
		}
		t.counted.keep(read)
		return nil
	})
	return known, t.sendFor(ctx, batch, "read contributions")
}

// of returns the contributions that there are, in the order of the ids.
func of(ids []string, contributions map[string]questioning.Contribution) []questioning.Contribution {
	all := make([]questioning.Contribution, 0, len(ids))
	for _, id := range ids {
		if c, ok := contributions[id]; ok {
			all = append(all, c)
		}
	}
	return all
}

// Completed is a conversation that stopped asking.
type Completed struct{ ConversationID, SchemaKey string }

// Counted says what became of counting a conversation.
type Counted string

// What becomes of counting.
const (
	CountedNow    Counted = "counted"
	CountedBefore Counted = "counted before" // or it has no schema key
	CountedNever  Counted = "not there"      // the principal has no such conversation
)

// AddToStatistics counts completed conversations, each once, and returns what became of
// each. Until the transaction, which is one of Process or Consume, ends, none of them is erased.
//
// Those of one user are counted one after the other, so that each is predicted by those
// before it. maxContributions limits what earlier transactions counted.
func (t *Tx) AddToStatistics(ctx context.Context, completed []Completed) ([]Counted, error) {
	became, counting, err := t.insertCounted(ctx, completed)
	if err != nil || len(counting) == 0 {
		return became, err
	}
	groups, err := t.lockStatistics(ctx, counting)
	if err != nil {
		return nil, err
	}
	batch := t.batch(ctx)
	shared := map[string]questioning.Statistics{} // that change
	contributed := map[string]countedDocument{}
	for _, g := range groups {
		others := g.others()
		for _, c := range g.counting {
			earlier := questioning.Merge(g.own, g.users, others)
			contribution := earlier.Contribution(c.ended.state.Slots, c.ended.state.SlotStates)
			document, err := json.Marshal(contribution)
			if err != nil {
				return nil, fmt.Errorf("encode contribution: %w", err)
			}
			exec(batch, (*queries.Queries).UpdateContribution, queries.UpdateContributionParams{Contribution: document, ConversationID: c.ConversationID})
			if _, speaks := shared[c.SchemaKey]; g.voice == nil && !speaks {
				shared[c.SchemaKey] = g.shared.With(contribution)
			}
			contributed[c.ConversationID] = countedDocument{contribution, len(document)}
			g.own = g.own.With(contribution)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(shared)) {
		if err := setShared(batch, key, shared[key]); err != nil {
			return nil, err
		}
	}
	t.contributed = contributed
	return became, t.sendFor(ctx, batch, "store statistics")
}

// counting is a conversation that is being counted.
type counting struct {
	Completed
	userID string
	ended  *loading // how its slots ended
}

// insertCounted locks conversations and notes that they count. It returns what becomes
// of each, and those that count now and have a schema key.
func (t *Tx) insertCounted(ctx context.Context, completed []Completed) (became []Counted, now []counting, err error) {
	var p queries.InsertCountedParams
	for _, c := range completed {
		p.Ids, p.SchemaKeys = append(p.Ids, c.ConversationID), append(p.SchemaKeys, c.SchemaKey)
	}
	var exist []string
	users := map[string]string{} // of those that count now
	batch := t.batch(ctx)
	query(batch, (*queries.Queries).LockAgainstErasure, p.Ids, func(locked []string) error {
		exist = locked
		return nil
	})
	query(batch, (*queries.Queries).InsertCounted, p, func(rows []queries.InsertCountedRow) error {
		for _, row := range rows {
			users[row.ConversationID] = row.UserID
		}
		return nil
	})
	if err := t.sendFor(ctx, batch, "count conversations"); err != nil {
		return nil, nil, err
	}
	became = make([]Counted, len(completed))
	for i, c := range completed {
		userID, first := users[c.ConversationID]
		switch {
		case !slices.Contains(exist, c.ConversationID):
			became[i] = CountedNever
		case !first || c.SchemaKey == "":
			became[i] = CountedBefore
		default:
			became[i] = CountedNow
			now = append(now, counting{Completed: c, userID: userID, ended: newLoading(t.slots)})
		}
		delete(users, c.ConversationID) // its second time is a repetition
	}
	return became, now, nil
}

// group are conversations of one schema key and user, with what was said before them.
type group struct {
	statistics
	own, users questioning.Statistics
	counting   []counting
}

// lockStatistics reads how conversations ended, and the statistics of their schema keys
// as they are once nobody else adds to them: whoever locks their rows sees who speaks
// already.
func (t *Tx) lockStatistics(ctx context.Context, all []counting) ([]*group, error) {
	var groups []*group
	byUser := map[[2]string]*group{} // by schema key and user
	batch := t.batch(ctx)
	var keys []string
	for _, c := range all {
		each(batch, (*queries.Queries).Slots, c.ConversationID, c.ended.takeSlots)
		key := [2]string{c.SchemaKey, c.userID}
		if byUser[key] == nil {
			byUser[key] = &group{}
			groups = append(groups, byUser[key])
			keys = append(keys, c.SchemaKey)
		}
		byUser[key].counting = append(byUser[key].counting, c)
	}
	slices.Sort(keys) // all lock in one order
	keys = slices.Compact(keys)
	for _, key := range keys {
		exec(batch, (*queries.Queries).InsertShared, key)
	}
	query(batch, (*queries.Queries).LockShared, keys, func([]queries.LockSharedRow) error { return nil })
	var ids [][]string
	for _, g := range groups {
		queueStatistics(batch, g.counting[0].SchemaKey, g.counting[0].userID, &g.statistics)
	}
	if err := t.sendFor(ctx, batch, "lock statistics"); err != nil {
		return nil, err
	}
	for _, g := range groups {
		if !g.locked { // an erasure deleted the row while this one waited for it
			return nil, ErrConflict
		}
		ids = append(ids, g.statistics.own, g.statistics.users)
	}
	contributions, err := t.contributions(ctx, ids...)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		g.own, g.users = questioning.Sum(of(g.statistics.own, contributions)), questioning.Sum(of(g.statistics.users, contributions))
	}
	return groups, nil
}

// setShared queues the shared counts of a schema key.
func setShared(batch *pgx.Batch, schemaKey string, shared questioning.Statistics) error {
	if shared.Conversations == 0 {
		exec(batch, (*queries.Queries).DeleteShared, schemaKey)
		return nil
	}
	document, err := json.Marshal(shared)
	if err != nil {
		return fmt.Errorf("encode statistics: %w", err)
	}
	exec(batch, (*queries.Queries).UpdateShared, queries.UpdateSharedParams{Document: document, SchemaKey: schemaKey})
	return nil
}

// removeFromStatistics takes back from the shared counts what conversations added
// to them. It comes before they are deleted.
func (t *Tx) removeFromStatistics(ctx context.Context, ids []string) error {
	voices, err := t.voices(ctx, ids)
	if err != nil || len(voices) == 0 {
		return err
	}
	var rows []queries.LockSharedRow
	batch := t.batch(ctx)
	postgres.BindEventing(batch, principal.From(ctx))
	query(batch, (*queries.Queries).LockShared, slices.Sorted(maps.Keys(voices)), func(locked []queries.LockSharedRow) error {
		rows = locked
		return nil
	})
	if err := t.sendFor(ctx, batch, "lock statistics"); err != nil {
		return err
	}
	batch = t.batch(ctx)
	for _, row := range rows {
		var shared questioning.Statistics
		if err := json.Unmarshal(row.Document, &shared); err != nil {
			return fmt.Errorf("read statistics of %s: %w", row.SchemaKey, err)
		}
		if err := setShared(batch, row.SchemaKey, shared.Without(voices[row.SchemaKey])); err != nil {
			return err
		}
	}
	postgres.UnbindEventing(batch)
	return t.sendFor(ctx, batch, "store statistics")
}

// voices returns what those of the conversations added that speak for their
// principal, by schema key.
func (t *Tx) voices(ctx context.Context, ids []string) (map[string]questioning.Contribution, error) {
	rows, err := fetch(ctx, t, (*queries.Queries).Voices, ids)
	if err != nil {
		return nil, fmt.Errorf("read contributions: %w", err)
	}
	voices := map[string]questioning.Contribution{}
	for _, row := range rows {
		var voice questioning.Contribution
		if err := json.Unmarshal(row.Contribution, &voice); err != nil {
			return nil, fmt.Errorf("read contribution: %w", err)
		}
		voices[row.SchemaKey] = voice
	}
	return voices, nil
}

// sendFor is send; an error says what was being done.
func (t *Tx) sendFor(ctx context.Context, batch *pgx.Batch, doing string) error {
	if err := t.send(ctx, batch); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}
