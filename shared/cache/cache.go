// Package cache keeps values that are made from bytes, within a bound: a process reads
// the same few definitions again and again, and whoever calls it chooses them.
package cache

import "sync"

// Cache holds values by the bytes that they are made from. It is emptied whole when it
// is full, so a lookup notes nothing and needs no more than a shared lock. It is safe for
// concurrent use; so must the values be, as callers share them.
type Cache[V any] struct {
	most int // bytes

	mu     sync.RWMutex
	values map[string]V
	bytes  int
}

// New returns a cache of so many bytes at most, keys included.
func New[V any](most int) *Cache[V] { return &Cache[V]{most: most} }

// Get returns the value of a key. If the cache does not hold it, read makes it, and says
// about how many bytes it takes beside its key. What comes with an error is returned and
// not kept. The lock is not held while read runs: of two calls that both read, either's
// value stays. A value that is held costs no allocation.
func (c *Cache[V]) Get(key []byte, read func() (value V, bytes int, err error)) (V, error) {
	c.mu.RLock()
	value, ok := c.values[string(key)]
	c.mu.RUnlock()
	if ok {
		return value, nil
	}
	value, bytes, err := read()
	if err == nil {
		c.put(key, value, len(key)+bytes)
	}
	return value, err
}

func (c *Cache[V]) put(key []byte, value V, bytes int) {
	if bytes > c.most {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.values[string(key)]; ok {
		return // another call was quicker
	}
	if c.values == nil || c.bytes+bytes > c.most {
		c.values, c.bytes = map[string]V{}, 0
	}
	c.values[string(key)] = value
	c.bytes += bytes
}

// Len returns how many values the cache holds.
func (c *Cache[V]) Len() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.values)
}
