package conversation

import (
	"context"
	"strings"

	"github.com/sequential-questioning/sequential-questioning/shared/fault"
)

// Ask opens a conversation and returns its first batch of questions. With a
// conversation_id it continues that one, as FollowUp does, also where the person ended
// it. What was settled when the conversation opened is refused with an error and not
// ignored: a model that sends it believes that it changes something.
func (s *Service) Ask(ctx context.Context, in AskInput) (Turn, error) {
	if err := s.CheckUser(in.UserID); err != nil {
		return Turn{}, err
	}
	// A strict model writes null for what it leaves out.
	if string(in.InformationNeeded) == "null" {
		in.InformationNeeded = nil
	}
	if strings.TrimSpace(in.Context) == "" {
		return Turn{}, fault.Invalidf("context", "is empty; say what the information is for")
	}
	if in.ConversationID == "" {
		return s.open(ctx, in)
	}
	switch {
	case in.InformationNeeded != nil:
		return Turn{}, fault.Invalidf("information_needed", "is settled when a conversation opens; leave it out, or leave conversation_id out to open another")
	case in.MaxQuestions != 0:
		return Turn{}, fault.Invalidf("max_questions", "is settled when a conversation opens; leave it out")
	case in.Language != "":
		return Turn{}, fault.Invalidf("language", "is settled when a conversation opens; leave it out")
	}
	return s.Continue(ctx, Continuation{
		FollowUpInput: FollowUpInput{ConversationID: in.ConversationID, UserID: in.UserID, PreviousMessages: in.PreviousMessages},
		Known:         in.Known, Playbook: in.Playbook, BatchSize: in.BatchSize, Resume: true, Tool: "sequential_questioning", Call: in,
	})
}
