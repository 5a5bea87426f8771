// Package withmodel gives conversations a language model. A function that opens
// conversations without it links no client of one.
package withmodel

import (
	"context"
	"fmt"

	"github.com/caarlos0/env/v11"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/model"
)

// Open opens the model that the environment names, without connecting: a
// conversation.Extension.
func Open() (conversation.Option, error) {
	config, err := env.ParseAs[model.Config]()
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	client, err := model.Open(config)
	if err != nil {
		return nil, err
	}
	return Of(client), nil
}

// Of has conversations ask a client; one that only embeds, or nil, is not asked.
func Of(client *model.Client) conversation.Option {
	if !client.Asks() {
		return conversation.WithModel(nil)
	}
	return conversation.WithModel(asking{client})
}

type asking struct{ *model.Client }

// Rephrase is that of the client.
func (a asking) Rephrase(ctx context.Context, w conversation.Wording) ([]string, error) {
	return a.Client.Rephrase(ctx, model.Wording(w))
}
