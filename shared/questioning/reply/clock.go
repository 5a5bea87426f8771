package reply

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sequential-questioning/sequential-questioning/shared/questioning"
)

const partOfDay = `(a\.?m|p\.?m|in the morning|in the afternoon|in the evening|at night)`

var clockPatterns = []*regexp.Regexp{
	regexp.MustCompile(`\b(\d{1,2})[:h](\d{2})(?::(\d{2})(?:\.\d+)?)?(?:z|\s*` + partOfDay + `)?\b`),
	regexp.MustCompile(`\b(\d{1,2})(?:\.(\d{2}))?()(?: o'clock)?\s*` + partOfDay + `\b`),
	regexp.MustCompile(`\b(\d{1,2})h()()()\b`),
	regexp.MustCompile(`\b()()()(noon|midday|midnight)\b`),
	regexp.MustCompile(`^()()()(?:right )?(now)[.!]?$`),
}

const noClock = time.Duration(-1)

// sweepClocks finds the times of day in folded text, as time since midnight or
// noClock for one that cannot be, and puts clockMark in their place.
func sweepClocks(text string, now time.Time) (string, []time.Duration) {
	var found []time.Duration
	for _, form := range clockPatterns {
		text, _ = sweep(text, form, clockMark, func(groups []string) error {
			if groups[4] == "now" {
				hour, minute, second := now.Clock()
				found = append(found, clock(hour, minute, second, ""))
			} else {
				found = append(found, clock(whole(groups[1]), whole(groups[2]), whole(groups[3]), strings.ReplaceAll(groups[4], ".", "")))
			}
			return nil
		})
	}
	return text, found
}

// clock is a time of day; a half of the day given with it turns hours from 1 to
// 12 into those of 24.
func clock(hour, minute, second int, part string) time.Duration {
	late := part == "pm" || part == "in the afternoon" || part == "in the evening" || part == "at night" && hour >= 6 && hour < 12
	early := part == "am" || part == "in the morning" || part == "at night" && !late
	switch {
	case part == "noon" || part == "midday":
		hour = 12
	case part == "midnight", early && hour == 12:
		hour = 0
	case early && hour > 12 && part != "at night":
		return noClock
	case late && hour < 12 && hour > 0:
		hour += 12
	case late && hour == 0:
		return noClock
	}
	if hour > 23 || minute > 59 || second > 59 {
		return noClock
	}
	return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
}

// findClock is the only time of day in folded text; reason says why there is none.
func findClock(text string, now time.Time) (at time.Duration, rest, reason string) {
	rest, found := sweepClocks(text, now)
	slices.Sort(found)
	switch found = slices.Compact(found); {
	case len(found) == 0:
		return 0, rest, "there is no time of day in this"
	case len(found) > 1:
		return 0, rest, "found more than one time"
	case found[0] == noClock:
		return 0, rest, "there is no such time"
	case unsure.MatchString(strings.ReplaceAll(rest, clockMark, mark)):
		return 0, rest, "this could mean another time"
	}
	return found[0], rest, ""
}

func parseTime(slot questioning.Slot, words string, now time.Time) (any, error) {
	at, _, reason := findClock(moment(words), now)
	if reason != "" {
		return nil, misread(slot, reason)
	}
	return time.Time{}.Add(at).Format(time.TimeOnly), nil
}

var (
	stamp      = regexp.MustCompile(`\b\d{4}-\d{2}-\d{2} \d{2}:\d{2}(?::\d{2}(?:\.\d+)?)? ?(?:z\b|[+-]\d{2}:?\d{2}\b)`)
	stampForms = []string{"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z0700", "2006-01-02 15:04Z07:00", "2006-01-02 15:04Z0700"}
	universal  = regexp.MustCompile(`\b(?:utc|gmt|zulu)\b`)
	otherZone  = regexp.MustCompile(`\b(?:utc|gmt) ?[+-] ?\d|\x01\s*[+-]\d|\b(?:est|edt|cst|cdt|mst|mdt|pst|pdt|cet|cest|bst|ist|jst|aest|aedt|eet|eest|msk|[ecmp]t) ?(?:$|time|[,.)])`)
)

func parseDateTime(slot questioning.Slot, words string, now time.Time) (any, error) {
	text := moment(words)
	if stamps := stamp.FindAllString(text, -1); len(stamps) > 0 {
		return parseStamps(slot, stamps)
	}
	day, rest, err := findDate(text, now)
	if whole := bare(words); whole == "now" || whole == "right now" {
		day, rest, err = now, text, nil
	}
	if err != nil {
		return nil, misread(slot, err.Error())
	}
	at, rest, reason := findClock(rest, now)
	switch {
	case reason != "":
		return nil, misread(slot, reason)
	case unsure.MatchString(rest):
		return nil, misread(slot, "this could mean another day")
	case otherZone.MatchString(rest):
		return nil, misread(slot, "the time zone is not clear, write its offset")
	}
	zone := now.Location()
	if universal.MatchString(rest) {
		zone = time.UTC
	}
	hour, minute, second := int(at.Hours()), int(at.Minutes())%60, int(at.Seconds())%60
	return time.Date(day.Year(), day.Month(), day.Day(), hour, minute, second, 0, zone).Format(time.RFC3339), nil
}

func parseStamps(slot questioning.Slot, stamps []string) (any, error) {
	stamps = slices.Compact(stamps)
	text := strings.ToUpper(stamps[0])
	if space := strings.LastIndex(text, " "); strings.Count(text, " ") == 2 {
		text = text[:space] + text[space+1:]
	}
	for _, form := range stampForms {
		if at, err := time.Parse(form, text); err == nil && len(stamps) == 1 && at.Year() > 0 {
			return at.Format(time.RFC3339), nil
		}
	}
	return nil, misread(slot, "")
}
