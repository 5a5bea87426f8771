#!/bin/sh
# Has every node of NODES snapshot its part of every collection.
set -u

call() { # method URL seconds
	printf 'header = "api-key: %s"\n' "$QDRANT_API_KEY" |
		curl --config - --silent --show-error --fail-with-body --max-time "$3" --request "$1" "$2"
}

failed=0
for node in $NODES; do
	if ! listed=$(call GET "$node/collections" 30); then
		echo "$node: cannot list collections: $listed" >&2
		failed=1
		continue
	fi
	for collection in $(echo "$listed" | tr '{' '\n' | sed -n 's/.*"name":"\([A-Za-z0-9_-]*\)".*/\1/p'); do
		if made=$(call POST "$node/collections/$collection/snapshots?wait=true" 1800); then
			echo "$node: $collection: $made"
		else
			echo "$node: $collection: no snapshot: $made" >&2
			failed=1
		fi
	done
done
exit $failed
