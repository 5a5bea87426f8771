// Package queries has a method for each statement of queries.sql, with the types
// that the migrations give. Only package store calls it.
package queries
