package conversation

// CalledNext says which tools a client calls after this turn, so that their functions
// can be started while the person thinks: the one that takes the answers, and after the
// last of them the one that reports them. Both only where the person may correct what was
// assumed, because functions that start together start later.
func (t Turn) CalledNext() []string {
	switch {
	case len(t.Questions) > 0:
		return []string{followUpTool}
	case len(t.shown.Assumed) > 0:
		return []string{followUpTool, reportTool}
	default:
		return []string{reportTool}
	}
}
