package embedded

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// What one server takes. The bounds keep a laptop's memory and an exact search within
// reason; a real Qdrant has most of them as settings, and none of them is reached by
// package memory on a laptop.
const (
	MaxCollections     = 64
	MaxPoints          = 500_000   // in a collection
	MaxCollectionBytes = 1 << 30   // of vectors and payloads in a collection, about
	MaxVectors         = 8         // of a collection, and so of a point
	MaxDimensions      = 8192      // of a dense vector
	MaxSparseValues    = 32_768    // of a sparse vector
	MaxPayloadBytes    = 256 << 10 // of a point
	MaxIndexes         = 32        // of a collection
	MaxMessageBytes    = 64 << 20  // of a request and of an answer
	MaxRequestPoints   = 10_000    // points in a request
	MaxResults         = 10_000    // limit of a request
	MaxPrefetches      = 16
	MaxConditions      = 1024 // of a filter, and keywords of each
	MaxNameLength      = 255  // of a collection
	MaxStreams         = 256  // requests under way on one connection
)

const (
	defaultLimit = 10
	// compactAfterDeleted is how many dead points are always let be.
	compactAfterDeleted = 1024
)

// limits are the ones above that a test makes smaller.
type limits struct {
	collections     int
	points          int
	collectionBytes int
}

// standardLimits are those of a server that serves people.
func standardLimits() limits {
	return limits{collections: MaxCollections, points: MaxPoints, collectionBytes: MaxCollectionBytes}
}

// atMost is an error, by gRPC's code for what is used up, where there is more than
// a server takes. what names the thing in the plural, as the error begins with it.
func atMost(what string, have, most int) error {
	if have > most {
		return status.Errorf(codes.ResourceExhausted, "%s: %d, at most %d", what, have, most)
	}
	return nil
}

// invalid is a wrong request, in the form that Qdrant gives it.
func invalid(format string, values ...any) error {
	return status.Errorf(codes.InvalidArgument, "Wrong input: "+format, values...)
}

// unimplemented is a request of Qdrant's API that nothing of this project makes.
func unimplemented(what string) error {
	return status.Error(codes.Unimplemented, "the embedded Qdrant has no "+what)
}

// refusal is something that this server does not do, and whether it is asked.
type refusal struct {
	asked bool
	what  string
}

// refused returns an error for the first thing that is asked. Callers list
// everything they do not do in one place, which reads as documentation.
func refused(list ...refusal) error {
	for _, r := range list {
		if r.asked {
			return unimplemented(r.what)
		}
	}
	return nil
}
