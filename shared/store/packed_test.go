package store

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const usualResult = `{"current_question":"Start date?","questions":[{"question_id":"fc05f349:2","question_number":2,"question_text":"Start date?",` +
	`"slot":"start_date","metadata":{"importance":"high","type":"date"}}],"conversation_id":"01a21f6d-0d1e-7b19-9caa-6d85fc05f349",` +
	`"current_question_number":2,"total_questions_in_batch":1,"total_questions_estimated":4,"next_batch_needed":true,` +
	`"coverage":[{"slot":"destination","state":"answered"}],"next":"Ask the person; send the reply with sequential_questioning_follow_up as answers [{slot, value, text}].",` +
	`"metadata":{"complete":false,"revision":2,"answers_recorded":1},"for_text":{"batch":"2. Start date?\n   Answer: a date such as 2026-11-30."}}`

func TestAUsualResultIsKeptInAThirdOfItsSize(t *testing.T) {
	t.Parallel()
	for _, result := range []string{usualResult, `{}`, `{"words":"` + strings.Repeat("ünïcode ", 10_000) + `"}`} {
		packed, err := pack([]byte(result))
		require.NoError(t, err)
		unpacked, err := unpack(packed)
		require.NoError(t, err)
		assert.Equal(t, result, string(unpacked))
	}
	packed, err := pack([]byte(usualResult))
	require.NoError(t, err)
	assert.Less(t, len(packed), len(usualResult)/3)
}

// What one release packs the next one reads: a dictionary that changes without a new
// number would turn results into other results, or into none.
func TestWhatWasPackedEarlierIsStillRead(t *testing.T) {
	t.Parallel()
	packed, err := hex.DecodeString(packedEarlier)
	require.NoError(t, err)
	unpacked, err := unpack(packed)
	require.NoError(t, err)
	assert.Equal(t, usualResult, string(unpacked))
}

func TestWhatCannotBeUnpackedIsReported(t *testing.T) {
	t.Parallel()
	for what, packed := range map[string][]byte{"nothing": {}, "a later release's": {2, 0}, "damaged": {packedWith, 0xff, 0xff}} {
		_, err := unpack(packed)
		assert.ErrorContains(t, err, "unpack result", what)
	}
	result, err := unpack(nil)
	assert.NoError(t, err)
	assert.Nil(t, result)
	bomb, err := pack([]byte(`"` + strings.Repeat("a", maxUnpacked) + `"`))
	require.NoError(t, err)
	_, err = unpack(bomb)
	assert.ErrorContains(t, err, "more than")
}

func BenchmarkPack(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		packed, _ := pack([]byte(usualResult))
		b.ReportMetric(float64(len(packed)), "B/packed")
	}
}

const packedEarlier = "01c29a6e824b128b4ac0f992500a4a4b36304d3336b1b432c296928c305312aad1d028290609c683731da1d4a583924771a6b54423c334b3145d8314c3545df324434b5dcbe4c4445db3140b53988bf1a54623faa5c61490de3cb0db9113262c410ee25468444c2a84253d233d05a498474984782a80da5a40000000ffff"
