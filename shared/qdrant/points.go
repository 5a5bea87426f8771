package qdrant

import (
	"context"
	"errors"
	"fmt"

	api "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// maxBatchPoints bounds the points of one request, read or written, so that it ends
// within its time limit also on a slow disk.
const maxBatchPoints = 256

var (
	errEmptyFilter = errors.New("the filter is empty: name a field, or use Drop to remove everything")
	errNotApplied  = errors.New("the change is not applied yet")
)

// Upsert writes the points whole, in batches, and returns when they are
// applied. After an error some batches may be there: doing it again is safe.
func (c *Client) Upsert(ctx context.Context, collection string, points []Point) error {
	name, err := c.name(collection)
	if err != nil {
		return err
	}
	var batch []*api.PointStruct
	bytes := 0
	send := func() error {
		if len(batch) == 0 {
			return nil
		}
		request := &api.UpsertPoints{CollectionName: name, Wait: api.PtrOf(true), Points: batch}
		batch, bytes = nil, 0
		return c.write(ctx, "upsert to", collection, func(ctx context.Context) error {
			result, err := c.api.Upsert(ctx, request)
			return applied(result, err)
		})
	}
	for _, point := range points {
		encoded, err := point.encode()
		if err != nil {
			return fmt.Errorf("qdrant: upsert to %s: %w", collection, err)
		}
		size := proto.Size(encoded)
		if size > maxBatchBytes {
			return fmt.Errorf("qdrant: upsert to %s: point %s has %d bytes: at most %d", collection, point.ID, size, maxBatchBytes)
		}
		if len(batch) == maxBatchPoints || bytes+size > maxBatchBytes {
			if err := send(); err != nil {
				return err
			}
		}
		batch, bytes = append(batch, encoded), bytes+size
	}
	return send()
}

// tooLarge says that an answer did not fit in a message: asking for fewer points
// can help. Points of a page may hold a quarter of a megabyte each.
func tooLarge(err error) bool { return status.Code(err) == codes.ResourceExhausted }

// Scroll returns the points that fit, by id, up to limit. It reads them in pages,
// each bounded by Config.Timeout. A page that does not fit in a message is asked
// for again at half its size. Points written meanwhile may or may not be among the
// hits.
func (c *Client) Scroll(ctx context.Context, collection string, f Filter, limit int) ([]Hit, error) {
	name, err := c.name(collection)
	if err != nil {
		return nil, err
	}
	if limit < 1 {
		return nil, fmt.Errorf("qdrant: scroll %s: limit is %d: want at least 1", collection, limit)
	}
	if f.nothing() {
		return nil, nil
	}
	var hits []Hit
	var next *api.PointId
	page := maxBatchPoints
	for {
		request := &api.ScrollPoints{
			CollectionName: name, Filter: f.encode(), Offset: next,
			Limit: api.PtrOf(uint32(min(limit-len(hits), page))), WithPayload: api.NewWithPayload(true),
		}
		err := c.read(ctx, "scroll", collection, func(ctx context.Context) error {
			points, offset, err := c.api.ScrollAndOffset(ctx, request)
			for _, point := range points {
				hits = append(hits, hitOf(point.GetId(), 0, point.GetPayload()))
			}
			if err == nil {
				next = offset
			}
			return err
		})
		switch {
		case tooLarge(err) && page > 1:
			page /= 2
			continue
		case err != nil:
			return nil, err
		}
		if next == nil || len(hits) >= limit {
			return hits, nil
		}
	}
}

// Delete removes the points that fit and returns when they are gone. A missing
// collection has nothing to remove. An empty filter is an error: Drop removes
// everything.
func (c *Client) Delete(ctx context.Context, collection string, f Filter) error {
	name, err := c.name(collection)
	switch {
	case err != nil:
		return err
	case f.empty():
		return fmt.Errorf("qdrant: delete from %s: %w", collection, errEmptyFilter)
	case f.nothing():
		return nil
	}
	request := &api.DeletePoints{CollectionName: name, Wait: api.PtrOf(true), Points: api.NewPointsSelectorFilter(f.encode())}
	err = c.write(ctx, "delete from", collection, func(ctx context.Context) error {
		result, err := c.api.Delete(ctx, request)
		return applied(result, err)
	})
	if errors.Is(err, ErrNoCollection) {
		return nil
	}
	return err
}

// applied turns an answer that came before the change was applied into an
// error: whoever waits would read the old.
func applied(result *api.UpdateResult, err error) error {
	if err == nil && result.GetStatus() != api.UpdateStatus_Completed {
		return fmt.Errorf("%w: %w: %s", ErrUnavailable, errNotApplied, result.GetStatus())
	}
	return err
}
