package conversation

// CalledNext says which tool a client calls after this turn, so that its function can
// be started while the person thinks: the one that takes the answers, and after the last
// of them the one that reports them. One at a time, because functions that start together
// start later.
func (t Turn) CalledNext() []string {
	if len(t.Questions) == 0 {
		return []string{reportTool}
	}
	return []string{followUpTool}
}
