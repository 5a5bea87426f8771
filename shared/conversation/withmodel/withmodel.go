// Package withmodel gives conversations a language model. A function that opens
// conversations without it links no client of one.
package withmodel

import (
	"context"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/model"
	"github.com/sequential-questioning/sequential-questioning/shared/settings"
)

// Open opens the model that the environment names, without connecting: a
// conversation.Extension.
func Open() (conversation.Option, error) {
	var config model.Config
	if err := settings.Parse(&config); err != nil {
		return nil, err
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
