package delivery

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/sequential-questioning/sequential-questioning/shared/event"
)

// receive reads the event of a request, in structured or binary mode. If the request
// holds no event, it answers the request and returns false. A broker does not repeat
// what was answered with these statuses.
func receive(w http.ResponseWriter, r *http.Request) (*cloudevents.Event, bool) {
	e, err := cloudevents.NewEventFromHTTPRequest(r)
	if err == nil {
		err = e.Validate()
	}
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		http.Error(w, fmt.Sprintf("the event is longer than %d bytes", long.Limit), http.StatusRequestEntityTooLarge)
		return nil, false
	case err != nil:
		http.Error(w, "this is not a CloudEvent: "+err.Error(), http.StatusBadRequest)
		return nil, false
	}
	return e, true
}

// Read returns what a CloudEvent says happened, or ErrUnknownType. Other errors say
// what in the event is wrong: it will not be right when it is delivered again.
func Read(e cloudevents.Event) (event.Event, error) {
	switch event.Type(e.Type()) {
	case event.TypeQuestionAsked:
		return read[event.QuestionAsked](e)
	case event.TypeAnswerRecorded:
		return read[event.AnswerRecorded](e)
	case event.TypeAnswerRevised:
		return read[event.AnswerRevised](e)
	case event.TypeConversationCompleted:
		return read[event.ConversationCompleted](e)
	case event.TypeConversationErased:
		return read[event.ConversationErased](e)
	}
	return nil, fmt.Errorf("%w: %q", event.ErrUnknownType, e.Type())
}

// Event returns what an event of the outbox says happened. It is not checked against its
// schema, as one that comes from elsewhere is: its row was written with the change. Where
// it is not what a row holds, Read says of its CloudEvent what is wrong.
func (entry Entry) Event() (event.Event, error) {
	var e event.Event
	var err error
	switch entry.Type {
	case event.TypeQuestionAsked:
		e, err = decode[event.QuestionAsked](entry.Data)
	case event.TypeAnswerRecorded:
		e, err = decode[event.AnswerRecorded](entry.Data)
	case event.TypeAnswerRevised:
		e, err = decode[event.AnswerRevised](entry.Data)
	case event.TypeConversationCompleted:
		e, err = decode[event.ConversationCompleted](entry.Data)
	case event.TypeConversationErased:
		e, err = decode[event.ConversationErased](entry.Data)
	default:
		err = fmt.Errorf("%w: %q", event.ErrUnknownType, entry.Type)
	}
	if err != nil {
		return nil, err
	}
	if id, who := e.Of(); id != entry.ConversationID.String() || who == "" {
		return nil, fmt.Errorf("the data is of conversation %q and principal %q, the row of %s", id, who, entry.ConversationID)
	}
	return e, nil
}

func decode[E event.Event](data []byte) (event.Event, error) {
	var e E
	if err := json.Unmarshal(data, &e); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	return e, nil
}

// read checks an event against its type's schema before it decodes it. The subject
// has to name the conversation of the data, because brokers filter and order by the
// subject.
func read[E event.Event](e cloudevents.Event) (event.Event, error) {
	if e.Source() != event.Source {
		return nil, fmt.Errorf("source is %q, want %q", e.Source(), event.Source)
	}
	if err := event.Validate(event.Type(e.Type()), e.Data()); err != nil {
		return nil, err
	}
	var data E
	if err := json.Unmarshal(e.Data(), &data); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if id, _ := data.Of(); id != e.Subject() {
		return nil, fmt.Errorf("subject is %q, and the data is of conversation %q", e.Subject(), id)
	}
	return data, nil
}
