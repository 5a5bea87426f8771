// Package embedded serves Qdrant's gRPC API in process, in memory: enough of it
// for package qdrant, on the stubs of the official client. What it holds is
// lost when it closes, and is rebuilt from PostgreSQL. Begin with Start.
//
// Covered is what that package asks for: health; collections (create, exists,
// info, list, delete) with named dense vectors by cosine and named sparse vectors
// with or without the IDF modifier; keyword indexes; points with UUIDs (upsert,
// scroll by id, count, delete by filter); query by one vector, or by several
// fused by reciprocal rank; filters by keywords in top-level payload fields, must
// and must_not. All else answers Unimplemented and names what it is, so that
// nothing differs from a real server in silence. Settings that only shape how a
// real server stores or approximates (shards, replicas, HNSW, WAL) are taken and
// have no effect: search here is exact.
//
// Sparse scores are the dot product; with the IDF modifier each value of the
// query is first multiplied by ln((n-df+0.5)/(df+0.5)+1), n the points with
// this vector and df those with the index in it. Fusion adds, for each list,
// 1/(place+k-1), place counted from 1 and k being 2. Equal scores come by id.
//
// Every bound is a constant in this package, Max…; what goes beyond answers
// ResourceExhausted, or InvalidArgument where the request has no sense at any
// size.
package embedded
