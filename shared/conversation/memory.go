package conversation

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/memory/remembered"
	"github.com/sequential-questioning/sequential-questioning/shared/principal"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
	"github.com/sequential-questioning/sequential-questioning/shared/questioning/messages"
	"github.com/sequential-questioning/sequential-questioning/shared/store"
)

// What a result says of memory.
const (
	MemoryConsulted    = "consulted"
	MemoryNotConsulted = "not consulted: it cannot be reached at the moment"
	MemoryNoUser       = "not consulted: no user_id says whose"
)

// What became of the memory of what was forgotten.
const (
	MemoryErased  = "erased"
	MemoryPending = "pending"
	MemoryNone    = "none"
)

// remember assumes what the same user said in other conversations. It is offered to be
// corrected, and says where it comes from: by slot, the conversation. Memory failures
// are not fatal. It runs after everything else that is assumed, and takes only slots
// that nothing is known of. A principal that stands for everybody (principal.Local) has
// to name a user, or one person would be shown what another said.
func (s *Service) remember(ctx context.Context, state *questioning.State, userID string) (from map[string]string, outcome string) {
	if s.memory == nil || !s.memory.Configured() {
		return nil, ""
	}
	who := principal.From(ctx)
	if userID == "" && who == principal.Local {
		return nil, MemoryNoUser
	}
	known, err := s.memory.Propose(ctx, who, userID, unanswered(state))
	if err == nil && len(known) > 0 {
		known, err = s.stillHold(ctx, known)
	}
	s.metrics.lookedUp(ctx, err)
	if err != nil {
		slog.WarnContext(ctx, "memory not consulted", "error", err)
		return nil, MemoryNotConsulted
	}
	from = map[string]string{}
	for _, slot := range state.Slots {
		if f, ok := known[slot.Key]; ok {
			state.Assume(slot.Key, f.Value, f.Words)
			from[slot.Key] = f.ConversationID
			state.SlotStates[state.Index(slot.Key)].Source = messages.In(state.Language).Text(messages.FromConversation, f.AnsweredAt.UTC().Format(time.DateOnly))
		}
	}
	return from, MemoryConsulted
}

// unanswered are the slots that nothing is known of. What is assumed from the goal is
// closer to this conversation than what was said in another.
func unanswered(state *questioning.State) []questioning.Slot {
	var slots []questioning.Slot
	for i, slot := range state.Slots {
		if state.SlotStates[i].Status == questioning.StatusMissing {
			slots = append(slots, slot)
		}
	}
	return slots
}

// stillHold leaves out what was revised or forgotten a moment ago. Memory lags behind
// the database by the time that an event takes to be indexed.
func (s *Service) stillHold(ctx context.Context, known map[string]remembered.Found) (map[string]remembered.Found, error) {
	var found []remembered.Found
	keys := map[string]string{} // by conversation and slot there, the slot here
	for key, f := range known {
		found = append(found, f)
		keys[f.ConversationID+":"+f.Slot] = key
	}
	still, err := s.holding(ctx, found)
	if err != nil {
		return nil, err
	}
	kept := map[string]remembered.Found{}
	for _, f := range still {
		kept[keys[f.ConversationID+":"+f.Slot]] = f
	}
	return kept, nil
}

// holding returns those of what was found that the database still says.
func (s *Service) holding(ctx context.Context, found []remembered.Found) ([]remembered.Found, error) {
	answers := make([]store.SlotAnswer, len(found))
	for i, f := range found {
		answers[i] = store.SlotAnswer{ConversationID: f.ConversationID, Slot: f.Slot, Number: f.AnswerNumber}
	}
	still, err := s.store.StillHold(ctx, answers)
	if err != nil {
		return nil, unavailable(err)
	}
	var held []remembered.Found
	for i, f := range found {
		if still[i] {
			held = append(held, f)
		}
	}
	return held, nil
}

// forgetMemory erases conversations in memory, where it can be reached; the events of
// the erasure see to it otherwise. It is tried at once although the event would do: a
// person who asks for erasure should be able to see it.
func (s *Service) forgetMemory(ctx context.Context, ids []string) string {
	if s.memory == nil {
		return MemoryNone
	}
	switch err := s.memory.Delete(ctx, principal.From(ctx), ids...); {
	case err == nil:
		return MemoryErased
	case errors.Is(err, remembered.ErrNotConfigured):
		return MemoryNone
	default:
		slog.WarnContext(ctx, "memory not erased yet", "error", err)
		return MemoryPending
	}
}
