package qdrant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	api "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Collection describes a collection that Ensure creates or checks.
type Collection struct {
	Name string
	// Sparse names the sparse vectors. Each has the IDF modifier: Qdrant
	// weighs a term of the query by how rare it is in the collection.
	Sparse []string
	// Dense gives the dimensions of each dense vector, compared by cosine.
	Dense map[string]uint64
	// Keywords are the payload fields that filters use.
	Keywords []string
}

// Ensure creates the collection and the indexes of its keyword fields where they
// are missing. Several callers may do so at once. A collection with other vectors
// is left alone, with ErrMismatch. Qdrant has no transaction for it, so a caller
// may find the collection without some of its indexes; the next Ensure adds them.
func (c *Client) Ensure(ctx context.Context, collection Collection) error {
	name, err := c.name(collection.Name)
	if err != nil {
		return err
	}
	info, err := c.info(ctx, collection.Name, name)
	if errors.Is(err, ErrNoCollection) {
		if err := c.create(ctx, collection, name); err != nil {
			return err
		}
		info, err = c.info(ctx, collection.Name, name)
	}
	if err != nil {
		return err
	}
	if err := collection.compare(info.GetConfig().GetParams()); err != nil {
		return fmt.Errorf("qdrant: ensure %s: %w: %w", collection.Name, ErrMismatch, err)
	}
	for _, field := range collection.Keywords {
		if info.GetPayloadSchema()[field].GetDataType() == api.PayloadSchemaType_Keyword {
			continue
		}
		err := c.write(ctx, "index "+field+" of", collection.Name, func(ctx context.Context) error {
			_, err := c.api.CreateFieldIndex(ctx, &api.CreateFieldIndexCollection{
				CollectionName: name, Wait: api.PtrOf(true),
				FieldName: field, FieldType: api.FieldType_FieldTypeKeyword.Enum(),
			})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Drop removes the collection and all in it. A missing one is fine.
func (c *Client) Drop(ctx context.Context, collection string) error {
	name, err := c.name(collection)
	if err != nil {
		return err
	}
	err = c.write(ctx, "drop", collection, func(ctx context.Context) error {
		// The answer says false when there was nothing to remove.
		_, err := c.api.GetCollectionsClient().Delete(ctx, &api.DeleteCollection{CollectionName: name})
		return err
	})
	if errors.Is(err, ErrNoCollection) {
		return nil
	}
	return err
}

// info has the time of a write: Ensure, which asks for it, is part of one.
func (c *Client) info(ctx context.Context, collection, name string) (info *api.CollectionInfo, err error) {
	err = c.write(ctx, "look at", collection, func(ctx context.Context) error {
		info, err = c.api.GetCollectionInfo(ctx, name)
		return err
	})
	return info, err
}

// create creates the collection. One that another caller has just created is fine:
// Ensure compares it afterwards.
func (c *Client) create(ctx context.Context, collection Collection, name string) error {
	request := &api.CreateCollection{CollectionName: name, ReplicationFactor: &c.config.ReplicationFactor}
	if len(collection.Dense) > 0 {
		dense := map[string]*api.VectorParams{}
		for vector, size := range collection.Dense {
			dense[vector] = &api.VectorParams{Size: size, Distance: api.Distance_Cosine}
		}
		request.VectorsConfig = api.NewVectorsConfigMap(dense)
	}
	if len(collection.Sparse) > 0 {
		sparse := map[string]*api.SparseVectorParams{}
		for _, vector := range collection.Sparse {
			sparse[vector] = &api.SparseVectorParams{Modifier: api.Modifier_Idf.Enum()}
		}
		request.SparseVectorsConfig = api.NewSparseVectorsConfig(sparse)
	}
	return c.write(ctx, "create", collection.Name, func(ctx context.Context) error {
		err := c.api.CreateCollection(ctx, request)
		if status.Code(err) == codes.AlreadyExists {
			return nil
		}
		return err
	})
}

// compare says what differs between the collection wanted and the one there. More
// vectors than asked for are fine.
func (c Collection) compare(there *api.CollectionParams) error {
	var different []error
	sparse, dense := there.GetSparseVectorsConfig().GetMap(), there.GetVectorsConfig().GetParamsMap().GetMap()
	for _, name := range c.Sparse {
		switch params, ok := sparse[name]; {
		case !ok:
			different = append(different, fmt.Errorf("no sparse vector %s", name))
		case params.GetModifier() != api.Modifier_Idf:
			different = append(different, fmt.Errorf("sparse vector %s without the IDF modifier", name))
		}
	}
	for name, size := range c.Dense {
		switch params, ok := dense[name]; {
		case !ok:
			different = append(different, fmt.Errorf("no dense vector %s", name))
		case params.GetSize() != size || params.GetDistance() != api.Distance_Cosine:
			different = append(different, fmt.Errorf("dense vector %s has %d dimensions by %s: want %d by Cosine", name, params.GetSize(), params.GetDistance(), size))
		}
	}
	slices.SortFunc(different, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(different...)
}
