package store

import (
	"sync"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

// maxCountedBytes bounds a generation of the contributions that a store keeps decoded, in
// bytes as they are stored; decoded, they take half as much again. One of twenty slots takes two
// kilobytes, and statistics rest on at most 400.
const maxCountedBytes = 1 << 20

// countedCache holds decoded contributions by their conversations. Nothing changes a
// contribution, and an id is not given twice, so what was read once holds as long as the
// database names the conversation. A contribution that is used stays: those that are read
// or asked for are in the younger of two generations, and where that is full, the older
// one is dropped and the younger one ages.
//
// Only what is committed may be kept: a transaction that is rolled back may count its
// conversations otherwise the next time.
type countedCache struct {
	mu         sync.Mutex
	young, old map[string]countedDocument
	bytes      int // of young
}

type countedDocument struct {
	questioning.Contribution
	bytes int // as it is stored
}

// of returns the contributions that are kept, and the ids of the others.
func (c *countedCache) of(ids []string) (known map[string]questioning.Contribution, unknown []string) {
	known = make(map[string]questioning.Contribution, len(ids))
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		document, ok := c.young[id]
		if !ok {
			if document, ok = c.old[id]; ok {
				c.put(id, document)
			}
		}
		if ok {
			known[id] = document.Contribution
		} else {
			unknown = append(unknown, id)
		}
	}
	return known, unknown
}

// keep keeps contributions by their conversations.
func (c *countedCache) keep(documents map[string]countedDocument) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, document := range documents {
		c.put(id, document)
	}
}

func (c *countedCache) put(id string, document countedDocument) {
	if c.young == nil || c.bytes+document.bytes > maxCountedBytes {
		c.young, c.old, c.bytes = map[string]countedDocument{}, c.young, 0
	}
	c.young[id] = document
	c.bytes += document.bytes
}
