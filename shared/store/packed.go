package store

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	deflate "github.com/klauspost/compress/flate"
)

// A kept result is the largest row of a conversation, of a few hundred bytes, most of
// which all results share. PostgreSQL compresses no row below two kilobytes, and no
// compression finds what a short text does not repeat. So it is compressed here, against
// a dictionary.

// packedWith says how a result is packed: its first byte. What was packed has to be
// unpacked by later releases, so a changed dictionary gets a new number, and the one
// before stays.
const packedWith = 1

// dictionary is text that results repeat, of number 1. What is most common comes last,
// because near text is referred to by fewer bits.
var dictionary = []byte(`"stop_reason":"required_settled","playbook":"generic","playbook_reason":"playbook_alternatives":["memory":"consulted"language":"de"` +
	`"unmatched":""doubts":[""warnings":[""unread":[{"slot":"","words":"","kind":"unclear","schema":{"type":"string","format":"date"}}]` +
	`{"supersedes":[1],"reopened":[],"answer":{"answer_number":1,"slot":"","outcome":"unknown"declined"not_applicable"` +
	`"state":"missing"state":"unclear"state":"contradicted"reopened_by":"source":"","words":"","title":"","required":true,"answers":[1],` +
	`"metadata":{"complete":true,"stop_reason":"all_settled","revision":"answers_repeated":1,"next_batch_needed":false,` +
	`"next":"Report the result with sequential_questioning_report."Confirm the assumptions with the person;` +
	`2. 3. Answer: one of yes or no.Answer: a number.Answer: a date such as 2026-11-30.` +
	`"options":["","purpose":"clarify""default":"information_to_look_for":["type":"boolean"type":"integer"type":"number"type":"date"` +
	`"reason":"Decides what else is asked.The rest makes sense by it."importance":"medium"importance":"low",` +
	`"open_slots":["(text)","(yes or no)","(number)","(date)","session_id":"` +
	`{"current_question":"?","questions":[{"question_id":":1","question_number":1,"question_text":"?","slot":"","metadata":{"importance":"high"}}],` +
	`"conversation_id":"01","current_question_number":1,"total_questions_in_batch":1,"total_questions_estimated":4,"next_batch_needed":true,` +
	`"coverage":[{"slot":"","state":"assumed"answered","value":""}],` +
	`"next":"Ask the person; send the reply with sequential_questioning_follow_up as answers [{slot, value, text}].",` +
	`"metadata":{"complete":false,"revision":1,"answers_recorded":1},"for_text":{"assumed":{"batch":"1. ?\n   Answer: "}}`)

// maxUnpacked bounds, in bytes, what one result is unpacked to. A function's response
// is smaller.
const maxUnpacked = 16 << 20

// pack compresses a result. The standard library's compressor would clear hundreds of
// kilobytes of tables for each.
func pack(result json.RawMessage) ([]byte, error) {
	var packed bytes.Buffer
	packed.WriteByte(packedWith)
	if err := deflate.StatelessDeflate(&packed, result, true, dictionary); err != nil {
		return nil, fmt.Errorf("pack result: %w", err)
	}
	return packed.Bytes(), nil
}

// unpack is the reverse of pack, and nil for nil.
func unpack(packed []byte) (json.RawMessage, error) {
	if packed == nil {
		return nil, nil
	}
	if len(packed) == 0 || packed[0] != packedWith {
		return nil, errors.New("unpack result: it is packed in a way that this release does not know")
	}
	r := flate.NewReaderDict(bytes.NewReader(packed[1:]), dictionary)
	result, err := io.ReadAll(io.LimitReader(r, maxUnpacked+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("unpack result: %w", err)
	case len(result) > maxUnpacked:
		return nil, fmt.Errorf("unpack result: it has more than %d bytes", maxUnpacked)
	}
	return result, nil
}
