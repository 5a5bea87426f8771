package modeltest

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"net/http"
	"strings"
	"time"
)

// Writes answers a chat with a content, as a model would.
func Writes(content string) Answer { return finishes("stop", map[string]any{"content": content}) }

// Proposes answers with a document of slots, each as a model writes it: see
// Slot for one.
func Proposes(slots ...map[string]any) Answer {
	raw, _ := json.Marshal(map[string]any{"slots": slots})
	return Writes(string(raw))
}

// Slot is a slot as a model writes it, with all names, most of them null.
func Slot(key, title, question, typ string, options ...string) map[string]any {
	slot := map[string]any{
		"key": key, "title": title, "question": question, "type": typ, "required": true, "options": nil,
		"weight": 1, "look_for": nil, "minimum": nil, "maximum": nil, "when": nil,
	}
	if len(options) > 0 {
		slot["options"] = options
	}
	return slot
}

// Rewords answers with the questions of the request, each reworded.
func Rewords(reword func(question string) string) Answer {
	return func(w http.ResponseWriter, r Request) {
		var document struct {
			Questions []struct {
				Number int    `json:"number"`
				Text   string `json:"text"`
			} `json:"questions"`
		}
		_ = json.Unmarshal([]byte(r.User()), &document)
		for i := range document.Questions {
			document.Questions[i].Text = reword(document.Questions[i].Text)
		}
		raw, _ := json.Marshal(document)
		Writes(string(raw))(w, r)
	}
}

// Embeds answers with vectors of a length, the same for the same text, and out
// of order, as the API allows.
func Embeds(dimensions int) Answer {
	return func(w http.ResponseWriter, r Request) {
		inputs, _ := r.Body["input"].([]any)
		data := []any{}
		for i := len(inputs) - 1; i >= 0; i-- {
			data = append(data, map[string]any{"object": "embedding", "index": i, "embedding": Vector(fmt.Sprint(inputs[i]), dimensions)})
		}
		WritesVectors(data...)(w, r)
	}
}

// Vector is what Embeds answers for a text.
func Vector(text string, dimensions int) []float64 {
	vector := make([]float64, dimensions)
	for i := range vector {
		h := fnv.New32a()
		_, _ = fmt.Fprintf(h, "%s %d", text, i)
		vector[i] = math.Round(float64(h.Sum32())/math.MaxUint32*1000)/1000 - .5
	}
	return vector
}

// WritesVectors answers with these entries of data.
func WritesVectors(data ...any) Answer {
	return func(w http.ResponseWriter, _ Request) {
		write(w, map[string]any{"object": "list", "model": "test", "data": data,
			"usage": map[string]any{"prompt_tokens": 7, "total_tokens": 7}})
	}
}

// Refuses answers with a refusal in place of a content.
func Refuses() Answer {
	return finishes("stop", map[string]any{"content": nil, "refusal": "I cannot help with that."})
}

// CutOff answers with the beginning of a content.
func CutOff(content string) Answer { return finishes("length", map[string]any{"content": content}) }

// finishes answers a chat for the given finish_reason, with the members that
// clients of the API expect and this project ignores.
func finishes(reason string, message map[string]any) Answer {
	message["role"] = "assistant"
	return func(w http.ResponseWriter, _ Request) {
		write(w, map[string]any{
			"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "test",
			"choices": []any{map[string]any{"index": 0, "finish_reason": reason, "message": message}},
			"usage":   map[string]any{"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
		})
	}
}

// Sends answers with a body as it is.
func Sends(contentType, body string) Answer {
	return func(w http.ResponseWriter, _ Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write([]byte(body))
	}
}

// Floods answers with valid JSON of about that many bytes.
func Floods(bytes int) Answer { return Writes(strings.Repeat("flood ", bytes/6)) }

// Status answers with an error the way the API does. Headers come in pairs.
func Status(code int, message string, headers ...string) Answer {
	return func(w http.ResponseWriter, _ Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"message": message, "type": "test", "code": nil, "param": nil}})
	}
}

// Stalls says nothing at all until the pause is over or the client gone, and
// then answers.
func Stalls(pause time.Duration, then Answer) Answer {
	return func(w http.ResponseWriter, r Request) {
		r.wait(pause)
		then(w, r)
	}
}

// Trickles begins a good answer and then lets the client wait.
func Trickles(pause time.Duration) Answer {
	return func(w http.ResponseWriter, r Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"choices":[`))
		_ = http.NewResponseController(w).Flush()
		r.wait(pause)
	}
}

// Drops ends the connection in the middle of an answer. The promised length is
// never sent, which the client sees as an unexpected end.
func Drops() Answer {
	return func(w http.ResponseWriter, _ Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte(`{"choices":[`))
		panic(http.ErrAbortHandler)
	}
}

// HangsUp ends the connection without an answer.
func HangsUp() Answer {
	return func(http.ResponseWriter, Request) { panic(http.ErrAbortHandler) }
}

// WithoutSchemas is an older server: it refuses response_format json_schema.
func WithoutSchemas(otherwise Answer) Answer {
	return func(w http.ResponseWriter, r Request) {
		if r.Format() == "json_schema" {
			Status(http.StatusBadRequest, "Invalid parameter: 'response_format' of type 'json_schema' is not supported")(w, r)
			return
		}
		otherwise(w, r)
	}
}

// WithoutCompletionTokens is a server that knows max_tokens only.
func WithoutCompletionTokens(otherwise Answer) Answer {
	return func(w http.ResponseWriter, r Request) {
		if _, ok := r.Body["max_completion_tokens"]; ok {
			Status(http.StatusUnprocessableEntity, "body.max_completion_tokens: Extra inputs are not permitted")(w, r)
			return
		}
		otherwise(w, r)
	}
}

func write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}
