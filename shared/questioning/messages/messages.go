// Package messages is the catalogue of what the server itself says to a person:
// questions made from a slot's title, hints, forms, assumptions and reports. A
// text that only a client's model reads is not in it; those are in English.
//
// The English text is the key, as golang.org/x/text/message has it, and each
// further language is one file below languages.
package messages

// What is said. The verbs are numbered so that a translation can reorder them.
// Numbers that are names, such as a question's, are passed as strings.
const (
	// Questions.
	AskFor      = "%[1]s?"
	NotRead     = "I could not read %[1]s. %[2]s"
	Contradicts = "What you said about “%[1]s” does not fit together; the latest is %[2]s. What is right?"

	// Values.
	Yes     = "yes"
	No      = "no"
	Nothing = "nothing"
	None    = "none" // of a list

	// The end of asking.
	AllSettled      = "Everything wanted is settled."
	RequiredSettled = "Everything required is settled."
	AllAsked        = "Everything that can be asked for was asked."
	LimitReached    = "The limit of %[1]s questions is reached."
	StillOpen       = "Nothing more is asked. Still open: %[1]s."
	LittleLeft      = "What is left is worth %[1]s bits at most, below the threshold of %[2]s."

	// The form of an answer, as in "Answer: a whole number from 1 to 10."
	Answer       = "Answer: %[1]s."
	Usually      = "Usually: %[1]s."
	WholeNumber  = "a whole number"
	Number       = "a number"
	FromTo       = "%[1]s from %[2]s to %[3]s"
	AtLeast      = "%[1]s of at least %[2]s"
	AtMost       = "%[1]s of at most %[2]s"
	Above        = "%[1]s above %[2]s"
	Below        = "%[1]s below %[2]s"
	InUnit       = "%[1]s, in %[2]s"
	YesOrNo      = "yes or no"
	Date         = "a date such as %[1]s"
	Time         = "a time such as %[1]s"
	DateTime     = "a date and time such as %[1]s"
	Email        = "an email address such as %[1]s"
	WebAddress   = "a web address such as %[1]s"
	OneOf        = "one of: %[1]s"
	AnyOf        = "any of: %[1]s"
	CountOf      = "%[1]s of: %[2]s" // "2 to 3 of: red, green"
	AndMore      = "%[1]s and %[2]s more"
	List         = "a list separated by commas or lines"
	ListOf       = "a list of %[1]s, separated by commas or lines"
	FewWords     = "a few words"
	WordsOf      = "%[1]s of %[2]s" // "a few words of at most 20 characters"
	Matching     = "%[1]s matching %[2]s"
	Characters   = "%[1]s characters"
	Items        = "%[1]s items"
	Exactly      = "exactly %[1]s"
	Between      = "%[1]s to %[2]s"
	AtLeastCount = "at least %[1]s"
	AtMostCount  = "at most %[1]s"

	// Units of a number, as in "a number, in hours".
	Seconds = "seconds"
	Minutes = "minutes"
	Hours   = "hours"
	Days    = "days"
	Weeks   = "weeks"
	Months  = "months"
	Years   = "years"

	// Assumptions and where they come from.
	Assumed           = "Assumed: %[1]s. Say so if that is wrong."
	FromContext       = "from the context"
	FromReply         = "from a reply"
	FromAnswer        = "follows from “%[1]s”"
	FromConversation  = "said on %[1]s in another conversation"
	FromStatistics    = "from earlier conversations"
	MemoryUnavailable = "Memory could not be consulted."

	// Forms.
	FormMessage     = "%[1]s\n\n%[2]s. Leave out what you like."
	QuestionCount   = "%[1]d questions"
	AssumptionCount = "%[1]d assumptions to confirm"
	And             = "%[1]s and %[2]s"
	AnyOfThese      = "Any of these, separated by commas: %[1]s."
	Suggested       = "Suggested: %[1]s."
	OwnWords        = "In your own words"
	OwnWordsSuch    = "What fits no field, or “%[1]s: don't know”, “rather not say”, “does not apply”."
	AssumedOnForm   = "Assumed, %[1]s. Correct it if that is wrong."

	// Reports.
	Goal           = "Goal: %[1]s"
	AnswerCited    = "answer %[1]s"
	AssumedCited   = "assumed, %[1]s"
	Contradiction  = "Contradiction: %[1]s"
	Open           = "Open:"
	History        = "History:"
	SupersededBy   = "superseded by answer %[1]s"
	NotAnswered    = "not answered"
	DoesNotKnow    = "the person does not know"
	DoesNotSay     = "the person does not want to say"
	SaidUnreadably = "said %[1]s; expected %[2]s"
	Waiting        = "Waiting:"
)
