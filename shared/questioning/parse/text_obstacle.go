package parse

// Obstacles are reasons that a person reads below the question, with the words that were in
// the way, so that asking again says what to write instead.

// obstacle is what keeps a value from standing, with the words in the way.
type obstacle struct{ reason, words string }

// blocking says what a phrase of a class does to the value it stands beside.
var blocking = map[class]string{
	bound: "this is a range, not one value", between: "this is a range, not one value", more: "this is a range, not one value",
	part: "this could mean another time", month: "this could mean another day", to: "this is a range, not one value", until: "this is the end of a range", since: "this is the start of a range", alternative: "this names an alternative", perhaps: "this names an alternative",
	negation: "this is a negation", except: "this is an exception", condition: "this is a condition", query: "this is a question",
	unknown: "this says that it is not known", repeated: "this is repeated, not once", rate: "this is an amount per something", period: "this is a period, not one day", only: "this is a condition",
}
