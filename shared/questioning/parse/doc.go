// Package parse turns what a person wrote into typed values. It is pure: no
// input or output and no clock, so the same words, slot and context give the
// same reading.
//
// A reading accounts for every word, or it is no reading: a modifier that is not
// understood, a second candidate, a bound, an alternative, a negation or a
// condition leaves the words unread, with those that were in the way.
//
// It works in four steps, as recognizers such as Duckling and Recognizers-Text do.
// tokenize splits the words. A language's file says what they can be
// (languages/*.yaml, read from the tables made of them). The recognizers of the
// slot's type propose spans that hold a value. And one check, settle, looks at
// every word beside the spans and lets a value stand or says why not.
//
// An example: "about 20 people, on Friday" as the answer for a number of guests.
//
//   - tokenize gives six tokens, and the words say that it is English.
//   - The recognizers propose the party "20 people" (value 20) and, as a value of
//     another type, the date "Friday".
//   - cover gives the rest their roles: "about" is a hedge and neutral, the comma a
//     pause, "on" neutral.
//   - settle finds one value, nothing in the way in its clause, and nothing behind the
//     comma that takes it back. The reading is 20.
//
// In "at least 20 people" the words before the value are a bound, so there is no reading
// and the obstacle quotes them. In "zorp 20 people" nobody knows what the first word does
// to the number, so there is none either. That is the price: a word missing in a
// language's file costs a question, and never a wrong value.
//
// To teach the reader something, look in this order: a phrase of a known class goes to
// the languages' files, in all of them; a way to say a date or a time is a pattern there; a
// place in which a known phrase means something else goes to cover; and only a new kind of
// value needs a recognizer. Say in a test what has to stay unread beside it.
//
// The files form layers, and most names begin with their layer's. A file uses only those
// before it in this list:
//
//   - words: token_spelling, token
//   - languages: language_moment (what patterns fill in), language, language_tables,
//     language_detect
//   - a text in a language: text_span, text, text_obstacle, text_denied
//   - the slot that it may answer: slot, slot_expected
//   - recognizers, numbers first, then dates, then what needs both: recognize_currency,
//     recognize_number, recognize_amount, recognize_calendar, recognize_pattern,
//     recognize_resolve, recognize_zone, recognize_dates, recognize_party,
//     recognize_numbers, recognize_boolean, recognize_address
//   - what stands beside a value: settle_cover, settle
//   - one value: read_choice, read_choices, read_list, read_datetime, read_value,
//     read_outcome, read_intent, read (Read), check (Check), find (Find)
//   - a reply to several questions: reply_parts, reply_ending, reply_mention,
//     reply_evidence, reply_range, reply_assign, reply_free, reply_labels,
//     reply_marked, reply (ReadReply)
//
// The replies are in this package and not above it, since evidence for a slot is
// weighed word by word, with the classes and roles that the layers below give them.
package parse
