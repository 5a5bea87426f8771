package retrieval

import "strings"

// stopWords say that something is asked, not what about.
var stopWords = wordSet(`
a about after all also am an and any anything are as at be because been being but by can could did do does doing dont
else for from get give had has have having he her here hers him his how i id if im in interested into is it its itself
just know learn let like look looking me more most much my need no not of off on one only or other our out over own
particular please provide really same see she should show so some something specific specifically such tell than that
the their them then there these they thing things this those through to too under until up us very want wanted was way
we were what whats when where which while who whom why will with would you your youre yours
find information info details trying try seeking searching search wondering`)

func wordSet(list string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(list) {
		set[word] = true
	}
	return set
}
