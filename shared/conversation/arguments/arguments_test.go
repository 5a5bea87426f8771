package arguments_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sequential-questioning/sequential-questioning/shared/conversation"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/arguments"
	"github.com/sequential-questioning/sequential-questioning/shared/conversation/automatic"
	"github.com/sequential-questioning/sequential-questioning/shared/fault"
	"github.com/sequential-questioning/sequential-questioning/shared/tool"
)

// taken decodes arguments as a tool with this input does, and returns what its
// function gets as JSON, with the warnings of the result.
func taken[In any](refine func(*jsonschema.Schema)) func(testing.TB, string) (string, []string, error) {
	var got In
	decoding := tool.Define(tool.Definition{
		Name: "t", Schemas: automatic.Schemas(), Refine: refine, Declare: conversation.Declare, Shapes: arguments.Shapes(),
	}, func(_ context.Context, in In) (conversation.Turn, error) {
		got = in
		return conversation.Turn{}, nil
	})
	return func(t testing.TB, arguments string) (string, []string, error) {
		var zero In
		got = zero
		result, err := decoding.Call(t.Context(), json.RawMessage(arguments))
		if err != nil {
			return "", nil, err
		}
		data, err := json.Marshal(got)
		require.NoError(t, err)
		return string(data), result.StructuredContent.(conversation.Turn).Metadata.Warnings, nil
	}
}

var (
	takenAsk       = taken[conversation.AskInput](conversation.Refine)
	takenAutomatic = taken[automatic.Input](automatic.Refine)
	takenFollowUp  = taken[conversation.FollowUpInput](conversation.Refine)
	takenRevise    = taken[conversation.ReviseInput](conversation.Refine)
	takenReport    = taken[conversation.ReportInput](conversation.Refine)
	takenRecall    = taken[conversation.RecallInput](conversation.Refine)
	takenForget    = taken[conversation.ForgetInput](conversation.Refine)
)

// shapes are arguments that are taken as the ones they are listed under. Those after
// a "~" differ in more than what is absent, and the result says so.
type shapes map[string][]string

func (all shapes) hold(t *testing.T, taken func(testing.TB, string) (string, []string, error)) int {
	t.Helper()
	n := 0
	for canonical, others := range all {
		want, warnings, err := taken(t, canonical)
		require.NoError(t, err, canonical)
		require.Empty(t, warnings, canonical)
		for _, arguments := range others {
			arguments, warns := strings.CutPrefix(arguments, "~")
			got, warnings, err := taken(t, arguments)
			if assert.NoError(t, err, arguments) {
				assert.JSONEq(t, want, got, arguments)
				assert.Equal(t, warns, len(warnings) > 0, "%s warns of %q", arguments, warnings)
			}
			n++
		}
	}
	return n
}

func TestAnOpeningIsTakenAsModelsWriteIt(t *testing.T) {
	opening := shapes{
		`{"context":"x"}`: {
			`{"context":"x","user_id":null}`, `{"context":"x","user_id":""}`, `{"context":"x","user_id":"  "}`,
			`{"context":"x","conversation_id":""}`, `{"context":"x","session_id":null,"language":""}`,
			`{"context":"x","previous_messages":null}`, `{"context":"x","previous_messages":""}`,
			`{"context":"x","information_needed":null}`, `{"context":"x","information_needed":""}`,
			`{"context":"x","information_needed":{"slots":null}}`, `{"context":"x","metadata":null}`, `{"context":"x","metadata":""}`,
			`~"{\"context\":\"x\"}"`, `{"Context":"x"}`,
		},
		`{"context":"x","user_id":"42","session_id":"7"}`: {
			`~{"context":"x","user_id":42,"session_id":7}`, `{"context":"x","userId":"42","sessionId":"7"}`,
			`~{"context":"x","userId":42,"session-id":"7"}`, `{"context":"x","UserID":"42","Session ID":"7"}`,
		},
		`{"context":"x","language":"de","metadata":{"idempotency_key":"k","n":[1.50]}}`: {
			`~{"context":"x","language":"de","metadata":"{\"idempotency_key\":\"k\",\"n\":[1.50]}"}`,
			`{"context":"x","Language":"de","metadata":{"idempotency_key":"k","n":[1.50]},"user_id":null}`,
		},
		`{"context":"x","information_needed":["budget","date"]}`: {
			`~{"context":"x","information_needed":"[\"budget\",\"date\"]"}`, `{"context":"x","information_needed":{"slots":["budget","date"]}}`,
			`~{"context":"x","information_needed":"{\"slots\":[\"budget\",\"date\"]}"}`,
			`{"context":"x","information_needed":{"slots":"[\"budget\",\"date\"]"}}`,
			`{"context":"x","informationNeeded":["budget","date"]}`, `{"context":"x","information_needed":{"slots":["budget","date"],"properties":null}}`,
			`~{"context":"x","information_needed":"  [\"budget\",\"date\"] "}`,
		},
		`{"context":"x","information_needed":{"properties":{"zeta":{"type":"integer"},"alpha":{"enum":["a","<b>"]}},"required":["zeta"]}}`: {
			`~{"context":"x","information_needed":"{\"properties\":{\"zeta\":{\"type\":\"integer\"},\"alpha\":{\"enum\":[\"a\",\"<b>\"]}},\"required\":[\"zeta\"]}"}`,
			`~{"context":"x","information-needed":"{\"properties\":{\"zeta\":{\"type\":\"integer\"},\"alpha\":{\"enum\":[\"a\",\"<b>\"]}},\"required\":[\"zeta\"]}"}`,
		},
		`{"context":"x","information_needed":[{"key":"a","type":"integer"}]}`: {
			`{"context":"x","information_needed":{"slots":[{"key":"a","type":"integer"}]}}`,
			`~{"context":"x","information_needed":"[{\"key\":\"a\",\"type\":\"integer\"}]"}`,
		},
		`{"context":"x","previous_messages":[{"role":"user","content":"hi"}]}`: {
			`~{"context":"x","previous_messages":"hi"}`, `~{"context":"x","previous_messages":["hi"]}`,
			`~{"context":"x","previous_messages":[{"role":"human","content":"hi"}]}`, `{"context":"x","previous_messages":[{"role":"User","content":"hi"}]}`,
			`{"context":"x","previous_messages":{"role":"user","content":"hi"}}`,
			`~{"context":"x","previous_messages":"[{\"role\":\"user\",\"content\":\"hi\"}]"}`,
			`~{"context":"x","previous_messages":["{\"role\":\"user\",\"content\":\"hi\"}"]}`,
			`~{"context":"x","previous_messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]}`,
			`~{"context":"x","previous_messages":[{"role":"user","content":["hi"]}]}`,
			`~{"context":"x","previous_messages":[{"type":"human","content":"hi"}]}`,
			`{"context":"x","previous_messages":[{"role":"user","content":"hi","timestamp":null}]}`,
			`{"context":"x","previous_messages":[null,{"role":"user","content":"hi"}]}`,
			`{"context":"x","previousMessages":[{"role":" USER ","content":"hi"}]}`, `~{"context":"x","previous_messages":"User: hi"}`,
			`{"context":"x","previous_messages":[{"Role":"user","Content":"hi","timestamp":""}]}`,
		},
		`{"context":"x","previous_messages":[{"role":"assistant","content":"How many?\nRoughly."},{"role":"user","content":"3"}]}`: {
			`~{"context":"x","previous_messages":[{"role":"ai","content":"How many?\nRoughly."},{"role":"human","content":"3"}]}`,
			`~{"context":"x","previous_messages":[{"role":"model","content":"How many?\nRoughly."},{"role":"user","content":"3"}]}`,
			`~{"context":"x","previous_messages":"Assistant: How many?\nRoughly.\nUser: 3"}`,
			`~{"context":"x","previous_messages":"AI: How many?\nRoughly.\n\nHuman: 3\n"}`,
			`~{"context":"x","previous_messages":["assistant: How many?\nRoughly.","user: 3"]}`,
			`~{"context":"x","previous_messages":"\n\nAssistant: How many?\nRoughly.\n\nHuman: 3"}`,
			`~{"context":"x","previous_messages":"**Assistant:** How many?\nRoughly.\n**User:** 3"}`,
			`~{"context":"x","previous_messages":"> Bot: How many?\nRoughly.\n> Customer: 3"}`,
			`~{"context":"x","previous_messages":"Claude: How many?\nRoughly.\nUser: 3"}`,
			`~{"context":"x","previous_messages":"Assistent: How many?\nRoughly.\nNutzer: 3"}`,
			`~{"context":"x","previous_messages":"Asistente: How many?\nRoughly.\nUsuario: 3"}`,
			`~{"context":"x","previous_messages":"Q: How many?\nRoughly.\nA: 3"}`,
			`~{"context":"x","previous_messages":"<assistant>How many?\nRoughly.</assistant>\n<user>3</user>"}`,
			`~{"context":"x","previous_messages":[{"from":"gpt","value":"How many?\nRoughly."},{"from":"human","value":"3"}]}`,
			`{"context":"x","previous_messages":[{"sender":"assistant","text":"How many?\nRoughly."},{"speaker":"user","message":"3"}]}`,
			`~{"context":"x","previous_messages":[{"role":"model","parts":[{"text":"How many?\nRoughly."}]},{"role":"user","parts":[{"text":"3"}]}]}`,
			`~{"context":"x","previous_messages":[{"id":"1","role":"assistant","content":{"type":"text","text":"How many?\nRoughly."}},{"id":"2","role":"user","content":"3"}]}`,
			`~{"context":"x","previous_messages":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"How many?\nRoughly."}]},{"role":"user","content":"3"}]}`,
			`{"context":"x","previous_messages":[{"role":"assistant","content":"How many?\nRoughly.","name":"a","created_at":5},{"role":"user","content":"3","timestamp":1764316800}]}`,
			`{"context":"x","previous_messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"1"}]},{"role":"assistant","content":"How many?\nRoughly."},{"role":"user","content":"3"}]}`,
			`{"context":"x","previous_messages":{"messages":[{"role":"assistant","content":"How many?\nRoughly."},{"role":"user","content":"3"}]}}`,
			`~{"context":"x","previous_messages":[{"assistant":"How many?\nRoughly."},{"user":"3"}]}`,
			`~{"context":"x","previous_messages":[{"question":"How many?\nRoughly.","answer":"3"}]}`,
			`~{"context":"x","previous_messages":[{"type":"ai","data":{"content":"How many?\nRoughly."}},{"type":"human","data":{"content":"3"}}]}`,
			`~{"context":"x","previous_messages":[{"author":{"role":"assistant"},"content":{"content_type":"text","parts":["How many?\nRoughly."]}},{"author":{"role":"user"},"content":"3"}]}`,
		},
		`{"context":"x","previous_messages":[{"role":"system","content":"rules"}]}`: {
			`~{"context":"x","previous_messages":[{"role":"developer","content":"rules"}]}`, `~{"context":"x","previous_messages":[{"role":"tool","content":"rules"}]}`,
			`~{"context":"x","previous_messages":[{"role":"function","content":"rules"}]}`,
		},
		`{"context":"x","previous_messages":[{"role":"user","content":"a"},{"role":"user","content":"b"}]}`: {
			`~{"context":"x","previous_messages":["a","b"]}`, `~{"context":"x","previous_messages":"[\"a\",\"b\"]"}`,
		},
	}
	both := opening.hold(t, takenAsk)
	assert.Equal(t, both, opening.hold(t, takenAutomatic))
	only := shapes{
		`{"context":"x","batch_size":3,"max_questions":12}`: {
			`~{"context":"x","batch_size":"3","max_questions":12}`, `{"context":"x","batch_size":3.0,"max_questions":12}`, `~{"context":"x","batch_size":"3.0","max_questions":"12"}`,
			`{"context":"x","batchSize":3,"maxQuestions":12}`, `~{"context":"x","batch_size":" 3 ","max_questions":"+12"}`, `~{"context":"x","batchSize":"03","max_questions":12.00}`,
			`~"{\"context\":\"x\",\"batch_size\":\"3\",\"max_questions\":12}"`,
		},
		`{"context":"x"}`: {`{"context":"x","batch_size":null}`, `{"context":"x","batch_size":"","max_questions":""}`},
	}
	assert.GreaterOrEqual(t, both+only.hold(t, takenAsk), 60, "shapes of an opening")
	shapes{`{"context":"x","max_rounds":2}`: {`~{"context":"x","max_rounds":"2"}`, `{"context":"x","maxRounds":2.0}`}}.hold(t, takenAutomatic)
}

func TestAnswersAreTakenAsModelsWriteThem(t *testing.T) {
	n := shapes{
		`{"conversation_id":"c"}`: {
			`{"conversation_id":"c","answers":null}`, `{"conversation_id":"c","answers":""}`, `{"conversation_id":"c","previous_messages":"","user_id":""}`,
			`{"conversationId":"c"}`, `~"{\"conversation_id\":\"c\"}"`, `{"conversation_id":"c","user_id":null,"answers":null,"previous_messages":null}`,
		},
		`{"conversation_id":"c","answers":[]}`: {`~{"conversation_id":"c","answers":{}}`, `~{"conversation_id":"c","answers":"[]"}`, `{"conversation_id":"c","answers":[null]}`, `~{"conversation_id":"c","answers":{"a":null,"b":""}}`},
		`{"conversation_id":"c","answers":[{"slot":"a","value":3}]}`: {
			`~{"conversation_id":"c","answers":{"a":3}}`, `~{"conversation_id":"c","answers":{"slot":"a","value":3}}`,
			`~{"conversation_id":"c","answers":"[{\"slot\":\"a\",\"value\":3}]"}`, `~{"conversation_id":"c","answers":"{\"a\":3}"}`,
			`~{"conversation_id":"c","answers":["{\"slot\":\"a\",\"value\":3}"]}`, `~{"conversation_id":"c","answers":[{"slot":"a","answer":3}]}`,
			`~{"conversation_id":"c","answers":[{"key":"a","value":3}]}`, `~{"conversation_id":"c","answers":[{"field":"a","answer":3}]}`,
			`{"conversation_id":"c","answers":[{"slot":"a","value":3,"text":null,"outcome":null}]}`, `{"conversation_id":"c","answers":[{"slot":"a","value":3,"text":"","outcome":"","question_id":"","question_number":null}]}`,
			`{"conversation_id":"c","answers":[{"Slot":"a","Value":3}]}`, `{"conversation_id":"c","answers":[null,{"slot":"a","value":3}]}`,
			`~{"conversation_id":"c","answers":{"a":{"value":3}}}`, `~{"conversation_id":"c","answers":{"a":{"answer":3}}}`, `~{"conversation_id":"c","answers":{"a":3,"b":null,"c":""}}`,
			`~{"conversation_id":"c","answers":{"answers":[{"slot":"a","value":3}]}}`, `~{"conversation_id":"c","answers":{"slots":{"a":3}}}`, `~{"conversation_id":"c","answers":[{"a":3}]}`,
			`~{"conversation_id":"c","answers":[{"slot_key":"a","value":3}]}`, `~{"conversation_id":"c","answers":[{"slotName":"a","value":3}]}`, `~{"conversation_id":"c","answers":[{"property":"a","value":3}]}`,
			`~{"conversation_id":"c","answers":[{"slot":"a","value":3,"confidence":0.9,"source":"user"}]}`, `~{"conversation_id":"c","answers":[{"slot":"a","question":"How many?","value":3}]}`,
			`~{"conversation_id":"c","answers":[{"slot":"a","value":3,"type":"integer"},{"slot":"b","value":null},{"slot":"c","value":"","text":""}]}`,
			`~{"conversation_id":"c","answers":"` + "```json\\n{\\\"a\\\":3}\\n```" + `"}`, `~{"conversation_id":"c","answers":"\"{\\\"a\\\":3}\""}`,
			`~{"conversation_id":"c","answers":[{"name":"a","response":3}]}`, `~"{\"conversation_id\":\"c\",\"answers\":{\"a\":3}}"`,
		},
		`{"conversation_id":"c","answers":[{"slot":"a","value":3,"text":"three"}]}`: {
			`~{"conversation_id":"c","answers":{"a":{"value":3,"text":"three"}}}`, `~{"conversation_id":"c","answers":{"a":{"value":3,"words":"three"}}}`,
			`~{"conversation_id":"c","answers":[{"slot":"a","value":3,"answer":"three"}]}`, `~{"conversation_id":"c","answers":[{"slot":"a","value":3,"reply":"three"}]}`,
			`~{"conversation_id":"c","answers":[{"slot":"a","value":3,"quote":"three"}]}`, `~{"conversation_id":"c","answers":[{"slot":"a","value":3,"evidence":"three"}]}`,
			`~{"conversation_id":"c","answers":[{"slot":"a","value":3,"rawText":"three"}]}`, `~{"conversation_id":"c","answers":[{"title":"a","value":3,"user_answer":"three"}]}`,
			`~{"conversation_id":"c","answers":[{"slot":"a","value":3,"content":"three"}]}`, `~{"conversation_id":"c","answers":{"slot":"a","value":3,"text":"three"}}`,
			`~{"conversation_id":"c","answers":"{\"a\":{\"value\":3,\"text\":\"three\"}}"}`,
		},
		`{"conversation_id":"c","answers":[{"slot":"a","text":"three"}]}`: {
			`~{"conversation_id":"c","answers":[{"slot":"a","answer":"three"}]}`, `~{"conversation_id":"c","answers":{"a":{"text":"three"}}}`,
			`~{"conversation_id":"c","answers":[{"slot":"a","response":"three","value":null}]}`, `~{"conversation_id":"c","answers":{"slot":"a","answer":"three"}}`,
		},
		`{"conversation_id":"c","answers":[{"question_number":2,"value":"x"}]}`: {
			`~{"conversation_id":"c","answers":[{"question_number":"2","value":"x"}]}`, `{"conversation_id":"c","answers":[{"question_number":2.0,"value":"x"}]}`,
			`~{"conversation_id":"c","answers":{"2":"x"}}`, `~{"conversation_id":"c","answers":{"2":{"value":"x"}}}`, `{"conversation_id":"c","answers":[{"questionNumber":2,"value":"x"}]}`,
			`~{"conversation_id":"c","answers":[{"number":2,"value":"x"}]}`, `~{"conversation_id":"c","answers":[{"number":"2","value":"x"}]}`, `~{"conversation_id":"c","answers":{"question_number":2,"value":"x"}}`,
		},
		`{"conversation_id":"c","answers":[{"question_id":"c:1","value":true}]}`: {
			`~{"conversation_id":"c","answers":{"c:1":true}}`, `{"conversation_id":"c","answers":[{"questionId":"c:1","value":true}]}`, `~{"conversation_id":"c","answers":[{"id":"c:1","answer":true}]}`,
		},
		`{"conversation_id":"c","answers":[{"question_number":1,"text":"Lisbon"},{"question_number":2,"text":"4"}]}`: {
			`~{"conversation_id":"c","answers":["1. Lisbon","2. 4"]}`, `~{"conversation_id":"c","answers":"1. Lisbon\n2. 4"}`, `~{"conversation_id":"c","answers":["Q1: Lisbon","Q2: 4"]}`,
			`~{"conversation_id":"c","answers":[{"question":1,"answer":"Lisbon"},{"id":2,"answer":"4"}]}`,
		},
		`{"conversation_id":"c","answers":[{"slot":"How many?","text":"three"}]}`: {
			`~{"conversation_id":"c","answers":[{"question":"How many?","answer":"three"}]}`, `~{"conversation_id":"c","answers":[{"question_text":"How many?","answer":"three"}]}`,
		},
		`{"conversation_id":"c","answers":[{"slot":"a","outcome":"unknown"},{"slot":"b","outcome":"not_applicable"},{"slot":"c","outcome":"declined"}]}`: {
			`~{"conversation_id":"c","answers":[{"slot":"a","outcome":"don't know"},{"slot":"b","outcome":"N/A"},{"slot":"c","status":"Declined"}]}`,
			`~{"conversation_id":"c","answers":{"a":{"outcome":"Unsure"},"b":{"status":"not relevant"},"c":{"outcome":"prefer_not_to_say"}}}`,
		},
		`{"conversation_id":"c","answers":[{"slot":"name","value":"Ann","text":"I'm Ann"}]}`: {`~{"conversation_id":"c","answers":{"name":{"value":"Ann","text":"I'm Ann"}}}`},
		`{"conversation_id":"c","answers":[{"slot":"name","value":"Ann"}]}`:                  {`~{"conversation_id":"c","answers":{"name":"Ann"}}`, `~{"conversation_id":"c","answers":[{"name":"Ann"}]}`, `~{"conversation_id":"c","answers":"{\"name\":\"Ann\"}"}`},
		`{"conversation_id":"c","answers":[{"text":"Lisbon"},{"text":"4"}]}`: {
			`~{"conversation_id":"c","answers":["Lisbon","4"]}`, `~{"conversation_id":"c","answers":"[\"Lisbon\",\"4\"]"}`, `~{"conversation_id":"c","answers":[{"answer":"Lisbon"},"4"]}`,
			`~{"conversation_id":"c","answers":[{"answer":"Lisbon"},{"reply":"4"}]}`,
		},
		`{"conversation_id":"c","answers":[{"value":4},{"value":true}]}`: {`~{"conversation_id":"c","answers":[4,true]}`, `~{"conversation_id":"c","answers":[{"answer":4},{"answer":true}]}`},
		`{"conversation_id":"c","answers":[{"slot":"a","value":["x","y"]},{"slot":"b","outcome":"declined"}]}`: {
			`~{"conversation_id":"c","answers":{"a":["x","y"],"b":{"outcome":"declined"}}}`, `{"conversation_id":"c","answers":[{"slot":"a","value":["x","y"],"text":""},{"slot":"b","value":"","outcome":"declined"}]}`,
			`~{"conversation_id":"c","answers":"{\"a\":[\"x\",\"y\"],\"b\":{\"outcome\":\"declined\"}}"}`,
		},
		`{"conversation_id":"c","previous_messages":[{"role":"user","content":"1. yes"}]}`: {
			`~{"conversation_id":"c","previous_messages":"1. yes"}`, `~{"conversation_id":"c","previous_messages":["1. yes"]}`, `~{"conversation_id":"c","previous_messages":[{"role":"human","content":"1. yes"}]}`,
		},
	}.hold(t, takenFollowUp)
	assert.GreaterOrEqual(t, n, 60, "shapes of answers")
}

func TestCallsOnAConversationAreTakenAsModelsWriteThem(t *testing.T) {
	n := shapes{
		`{"conversation_id":"c","slot":"a","value":3}`: {
			`{"conversation_id":"c","slot":"a","value":3,"text":null}`, `{"conversation_id":"c","slot":"a","value":3,"text":"","outcome":""}`, `{"conversationId":"c","slot":"a","value":3}`,
			`{"conversation_id":"c","slot":"a","value":3,"answer_number":null,"question_number":""}`, `~"{\"conversation_id\":\"c\",\"slot\":\"a\",\"value\":3}"`,
			`{"conversation_id":"c","Slot":"a","Value":3}`, `{"conversation_id":"c","slot":"a","value":3,"user_id":" "}`, `{"conversation_id":"c","slot":"a","value":3.0}`,
		},
		`{"conversation_id":"c","slot":"3","text":"4"}`: {`~{"conversation_id":"c","slot":3,"text":"4"}`, `~{"conversation_id":"c","slot":"3","text":4}`, `~{"conversation_id":"c","slot":3,"text":4,"value":null}`},
		`{"conversation_id":"c","answer_number":7,"value":["x"]}`: {
			`~{"conversation_id":"c","answer_number":"7","value":["x"]}`, `{"conversation_id":"c","answer_number":7.0,"value":["x"]}`, `{"conversation_id":"c","answerNumber":7,"value":["x"]}`,
			`~{"conversation_id":"c","answer_number":"7.0","value":["x"]}`, `~{"conversation_id":"c","answer-number":"7","value":["x"],"slot":""}`,
		},
		`{"conversation_id":"c","question_number":2,"outcome":"unknown"}`: {
			`~{"conversation_id":"c","question_number":"2","outcome":"unknown"}`, `{"conversation_id":"c","questionNumber":2,"outcome":"unknown","value":null}`, `{"conversation_id":"c","question_number":2.00,"outcome":"unknown","value":""}`,
			`~"{\"conversation_id\":\"c\",\"question_number\":\"2\",\"outcome\":\"unknown\"}"`, `{"conversation_id":"c","Question Number":2,"outcome":"unknown"}`, `~{"conversation_id":"c","question_number":" 2","outcome":"unknown","text":""}`,
		},
	}.hold(t, takenRevise)
	n += shapes{
		`{"conversation_id":"c"}`: {
			`{"conversation_id":"c","user_id":null}`, `{"conversation_id":"c","user_id":""}`, `{"conversation_id":"c","include_history":null}`, `{"conversation_id":"c","include_history":""}`,
			`{"conversationId":"c"}`, `~"{\"conversation_id\":\"c\"}"`, `{"ConversationID":"c"}`, `{"conversation-id":"c"}`, `{"Conversation ID":"c"}`,
			`~{"conversation_id":"c","include_history":"false"}`, `~{"conversation_id":"c","include_history":"no"}`, `~{"conversation_id":"c","include_history":0}`,
		},
		`{"conversation_id":"c","include_history":true,"user_id":"9"}`: {
			`~{"conversation_id":"c","include_history":"true","user_id":"9"}`, `~{"conversation_id":"c","include_history":"True","user_id":"9"}`, `~{"conversation_id":"c","include_history":1,"user_id":9}`,
			`~{"conversation_id":"c","include_history":"1","user_id":"9"}`, `~{"conversation_id":"c","include_history":"yes","userId":"9"}`, `~{"conversation_id":"c","includeHistory":" TRUE ","user_id":"9"}`,
		},
	}.hold(t, takenReport)
	n += shapes{
		`{"query":"q"}`:                {`{"query":"q","limit":null}`, `{"query":"q","limit":""}`, `{"query":"q","user_id":null,"limit":null}`, `{"Query":"q"}`, `~"{\"query\":\"q\"}"`, `{"query":"q","user_id":"  "}`},
		`{"query":"q","limit":5}`:      {`~{"query":"q","limit":"5"}`, `{"query":"q","limit":5.0}`, `~{"query":"q","limit":"5.0"}`, `~{"query":"q","Limit":"05"}`, `~{"query":"q","limit":" 5 ","user_id":""}`},
		`{"query":"q","user_id":"12"}`: {`~{"query":"q","user_id":12}`, `{"query":"q","userId":"12"}`, `~{"query":"q","user-id":12}`, `~"{\"query\":\"q\",\"user_id\":12}"`},
	}.hold(t, takenRecall)
	n += shapes{
		`{"everything":true,"user_id":"u"}`: {
			`~{"everything":"true","user_id":"u"}`, `~{"everything":"True","user_id":"u"}`, `~{"everything":1,"user_id":"u"}`, `{"everything":true,"conversation_id":null,"user_id":"u"}`,
			`{"everything":true,"conversation_id":"","userId":"u"}`, `{"Everything":true,"user_id":"u"}`,
		},
		`{"conversation_id":"c"}`: {`~{"conversation_id":"c","everything":"false"}`, `{"conversation_id":"c","everything":null}`, `{"conversation_id":"c","everything":"","user_id":""}`, `{"conversationId":"c"}`},
	}.hold(t, takenForget)
	assert.GreaterOrEqual(t, n, 60, "shapes of calls on a conversation")
}

// What nobody can know the meaning of is refused, by the name of the field.
func TestWhatIsNotAnotherFormIsRefusedByName(t *testing.T) {
	for arguments, says := range map[string]string{
		`{"context":5}`:                                        "context: got number, want string",
		`{"context":null}`:                                     "context",
		`{"context":["x"]}`:                                    "context: got array, want string",
		`{"context":"x","batch_size":"three"}`:                 "batch_size: got string, want integer",
		`{"context":"x","batch_size":2.5}`:                     "batch_size: got number, want integer",
		`{"context":"x","batch_size":"2.5"}`:                   "batch_size: got string, want integer",
		`{"context":"x","batch_size":"99"}`:                    "batch_size: maximum",
		`{"context":"x","batch_size":true}`:                    "batch_size: got boolean, want integer",
		`{"context":"x","batch_size":[3]}`:                     "batch_size: got array, want integer",
		`{"context":"x","batch_size":3,"batchSize":4}`:         "batchSize",
		`{"context":"x","information_needed":7}`:               "information_needed: got number, want array or object",
		`{"context":"x","information_needed":"budget"}`:        "information_needed: got string, want array or object",
		`{"context":"x","information_needed":"{broken"}`:       "information_needed: got string, want array or object",
		`{"context":"x","information_needed":"[\"\\u0000\"]"}`: "information_needed[0]: contains a NUL",
		`{"context":"x","information_needed":"[\"\\ud83d\"]"}`: "information_needed[0]: contains half of a surrogate",
		`{"context":"x","information_needed":"[1e400]"}`:       "information_needed[0]: 1e400 is too large",
		`{"context":"x","metadata":"{\"a\":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}"}`: "nested more than 64 deep",
		`{"context":"x","metadata":"text"}`:                                       "metadata: got string, want object",
		`{"context":"x","previous_messages":7}`:                                   "previous_messages: got number, want array",
		`{"context":"x","previous_messages":[7]}`:                                 "previous_messages[0]: got number, want object",
		`{"context":"x","previous_messages":[{"role":"narrator","content":"x"}]}`: "previous_messages[0].role",
		`{"context":"x","previous_messages":[{"content":"x"}]}`:                   "previous_messages[0]: missing property 'role'",
		`{"context":"x","batch_size":0}`:                                          "batch_size: minimum",
		`{"context":"x","max_questions":0}`:                                       "max_questions: minimum",
		`{"context":"x","user_id":"` + strings.Repeat("é", 257) + `"}`:            "user_id: maxLength",
		`{"context":"x","session_id":"` + strings.Repeat("é", 129) + `"}`:         "session_id: maxLength",
		`{"context":"x","language":"` + strings.Repeat("x", 36) + `"}`:            "language: maxLength",
		`{"context":"x","size":3}`:                                                "'size'",
	} {
		_, _, err := takenAsk(t, arguments)
		var invalid *fault.Invalid
		if assert.ErrorAs(t, err, &invalid, arguments) {
			assert.Contains(t, err.Error(), says, arguments)
		}
	}
	for arguments, says := range map[string]string{
		`{"conversation_id":"c","answers":"yes"}`:                                    "answers: got string, want array",
		`{"conversation_id":"c","answers":7}`:                                        "answers: got number, want array",
		`{"conversation_id":"c","answers":[[1]]}`:                                    "answers[0]: got array, want object",
		`{"conversation_id":"c","answers":[{"slot":"a","answer":1,"value":2}]}`:      "answers[0]: additional properties 'answer'",
		`{"conversation_id":"c","answers":[{"slot":"a","value":1,"unit":"kg"}]}`:     "answers[0]: additional properties 'unit'",
		`{"conversation_id":"c","answers":[{"question_number":"two"}]}`:              "answers[0].question_number: got string, want integer",
		`{"conversation_id":"c","answers":[{"slot":["a"]}]}`:                         "answers[0].slot: got array, want string",
		`{"conversation_id":"c","answers":[{"question_number":0,"value":1}]}`:        "answers[0].question_number: minimum",
		`{"conversation_id":"c","answers":[{"slot":"a","outcome":"maybe"}]}`:         "answers[0].outcome: value must be one of",
		`{"conversation_id":"c","answers":"{\"a\":\"\\u0000\"}"}`:                    "answers.a: contains a NUL",
		`{"conversation_id":"c","answers":[` + strings.Repeat(`"a",`, 200) + `"a"]}`: "answers: has 201 items",
	} {
		_, _, err := takenFollowUp(t, arguments)
		var invalid *fault.Invalid
		if assert.ErrorAs(t, err, &invalid, arguments) {
			assert.Contains(t, err.Error(), says, arguments)
		}
	}
}

func TestALongTranscriptIsReadInMilliseconds(t *testing.T) {
	began := time.Now()
	_, _, err := takenFollowUp(t, `{"conversation_id":"c","previous_messages":"User: x`+strings.Repeat(`\na`, 300_000)+`"}`)
	require.NoError(t, err)
	assert.Less(t, time.Since(began), 5*time.Second) // some hundred milliseconds on an idle core
}

func TestWarningsAreFewAndShort(t *testing.T) {
	_, warnings, err := takenFollowUp(t, `{"conversation_id":"c","answers":[`+strings.Repeat(`{"question_number":"1","slot":"`+strings.Repeat("x", 500)+`"},`, 50)+`{"number":"2","text":"x"}]}`)
	require.NoError(t, err)
	assert.LessOrEqual(t, len(warnings), 6)
	assert.LessOrEqual(t, len(strings.Join(warnings, "")), 6*130)
	assert.Contains(t, warnings[len(warnings)-1], "more")
}

// What is declared passes as it is: decoding changes nothing that the schema takes.
func FuzzArguments(f *testing.F) {
	for _, seed := range []string{
		`{"conversation_id":"c","answers":{"a":{"value":3}}}`, `{"conversation_id":"c","answers":["x",1,null,"{\"slot\":\"a\"}"]}`,
		`"{\"conversation_id\":\"c\"}"`, `{"previous_messages":"User: a\nAI: b"}`, `{"answers":"[{\"slot\":\"\\ud83d\"}]"}`, `{"conversationId":"c","user_id":-0.0}`,
		`{"answers":{"1":"x","a:b":true}}`, `{"previous_messages":[{"type":"ai","content":[{"text":"x"},{}]}]}`, `{"answers":[{"question_number":"000000000000000000001.0"}]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, arguments string) {
		got, warnings, err := takenFollowUp(t, arguments)
		if err != nil {
			var invalid *fault.Invalid
			require.ErrorAs(t, err, &invalid)
			return
		}
		require.LessOrEqual(t, len(warnings), 6)
		again, warnings, err := takenFollowUp(t, got)
		require.NoError(t, err, "what was taken is as the schema has it: %s", got)
		require.JSONEq(t, got, again)
		_ = warnings
	})
}
