package conversation

import (
	"context"
	"fmt"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/sequential-questioning/sequential-questioning/shared/elicitation"
	"github.com/sequential-questioning/sequential-questioning/shared/requeststate"
)

// AutomaticTool names the tool that asks the person itself.
const AutomaticTool = "sequential_questioning_automatic"

// MostRounds is how many forms one call may ask for at most: clients give up
// after ten.
const MostRounds = 8

// AutomaticConfig bounds what the person is asked in one call.
type AutomaticConfig struct {
	// FormSize is how many questions one form has at most, 1 to 10.
	FormSize int `env:"FORM_SIZE" envDefault:"5"`
	// MaxRounds is how many forms one call asks for at most, 1 to 8.
	MaxRounds    int `env:"MAX_ROUNDS" envDefault:"8"`
	RequestState requeststate.Config
	// ShownAfter is the least time in which a person can have read a form: one
	// declined or closed sooner was not shown. OpenAutomatic sets
	// elicitation.ShownAfter.
	ShownAfter time.Duration
}

// Automatic leads conversations by asking the person itself, form by form.
type Automatic struct {
	*Service
	config AutomaticConfig
	sealer *requeststate.Sealer
	forms  *formMetrics
}

// OpenAutomatic is Open for Automatic.
func OpenAutomatic() (*Automatic, error) {
	var config AutomaticConfig
	if err := env.Parse(&config); err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	config.ShownAfter = elicitation.ShownAfter
	// First what can be wrong, so that nothing is left open.
	a, err := NewAutomatic(nil, config)
	if err != nil {
		return nil, err
	}
	a.Service, err = Open()
	return a, err
}

// NewAutomatic returns an Automatic on a service, which it then owns.
func NewAutomatic(s *Service, config AutomaticConfig) (*Automatic, error) {
	switch {
	case config.FormSize < 1 || config.FormSize > MaxBatchSize:
		return nil, fmt.Errorf("FORM_SIZE is %d, want 1 to %d", config.FormSize, MaxBatchSize)
	case config.MaxRounds < 1 || config.MaxRounds > MostRounds:
		return nil, fmt.Errorf("MAX_ROUNDS is %d, want 1 to %d", config.MaxRounds, MostRounds)
	}
	sealer, err := requeststate.New(config.RequestState)
	if err != nil {
		return nil, err
	}
	return &Automatic{s, config, sealer, newFormMetrics()}, nil
}

// progress is how far a call has come, as the client carries it from form to form.
type progress struct {
	Conversation string    `json:"conversation"`
	Revision     int       `json:"revision"`
	Questions    []onForm  `json:"questions"` // those on the form
	Confirm      []string  `json:"confirm"`   // slots whose assumptions are on the form
	Shown        []string  `json:"shown"`     // those of earlier forms of this call
	Round        int       `json:"round"`     // number of the form, from 1
	AskedAt      time.Time `json:"asked_at"`
	Call         []byte    `json:"call"` // digest of the arguments
}

// onForm is a question on a form.
type onForm struct {
	Number int    `json:"number"`
	Slot   string `json:"slot"`
}

// Ask asks the person until the conversation is complete or the person, the
// client or a limit ends it. Every question is stored before its form is
// returned. A form counts once: its state brought again changes nothing.
func (a *Automatic) Ask(ctx context.Context, in AutomaticInput, e elicitation.Exchange) (AutomaticResult, *elicitation.Ask, error) {
	if err := a.checkUser(in.UserID); err != nil {
		return AutomaticResult{}, nil, err
	}
	call, err := fingerprint(AutomaticTool, in)
	if err != nil {
		return AutomaticResult{}, nil, err
	}
	r := &run{Automatic: a, in: in, exchange: e}
	if e.State == "" {
		r.at.Call = call
		err = r.begin(ctx)
	} else if err = r.resume(ctx, call); err == nil {
		return r.answered(ctx)
	}
	if err != nil {
		return AutomaticResult{}, nil, err
	}
	return r.ask(ctx)
}
