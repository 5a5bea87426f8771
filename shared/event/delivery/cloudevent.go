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
// what in the event is wrong: it will not be right when it is delivered again. The event
// is checked against its type's schema before it is decoded. The subject has to name the
// conversation of the data, because brokers filter and order by the subject.
func Read(e cloudevents.Event) (event.Event, error) {
	decode, err := decoder(event.Type(e.Type()))
	if err != nil {
		return nil, err
	}
	if e.Source() != event.Source {
		return nil, fmt.Errorf("source is %q, want %q", e.Source(), event.Source)
	}
	if err := event.Validate(event.Type(e.Type()), e.Data()); err != nil {
		return nil, err
	}
	data, err := decode(e.Data())
	if err != nil {
		return nil, err
	}
	if id, _ := data.Of(); id != e.Subject() {
		return nil, fmt.Errorf("subject is %q, and the data is of conversation %q", e.Subject(), id)
	}
	return data, nil
}

// Event returns what an event of the outbox says happened. It is not checked against its
// schema, as one that comes from elsewhere is: its row was written with the change. Where
// it is not what a row holds, Read says of its CloudEvent what is wrong.
func (entry Entry) Event() (event.Event, error) {
	decode, err := decoder(entry.Type)
	if err != nil {
		return nil, err
	}
	e, err := decode(entry.Data)
	if err != nil {
		return nil, err
	}
	if id, who := e.Of(); id != entry.ConversationID.String() || who == "" {
		return nil, fmt.Errorf("the data is of conversation %q and principal %q, the row of %s", id, who, entry.ConversationID)
	}
	return e, nil
}

// decoder returns what decodes the data of events of a type, or ErrUnknownType.
func decoder(of event.Type) (func(data []byte) (event.Event, error), error) {
	switch of {
	case event.TypeQuestionAsked:
		return decode[event.QuestionAsked], nil
	case event.TypeAnswerRecorded:
		return decode[event.AnswerRecorded], nil
	case event.TypeAnswerRevised:
		return decode[event.AnswerRevised], nil
	case event.TypeConversationCompleted:
		return decode[event.ConversationCompleted], nil
	case event.TypeConversationErased:
		return decode[event.ConversationErased], nil
	}
	return nil, fmt.Errorf("%w: %q", event.ErrUnknownType, of)
}

func decode[E event.Event](data []byte) (event.Event, error) {
	var e E
	if err := json.Unmarshal(data, &e); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	return e, nil
}
