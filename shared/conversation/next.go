package conversation

// CalledNext says which tools a client calls after this turn, so that their functions
// can be started while the person thinks: the one that takes the answers, and with the
// last batch the one that reports them. Without questions there is nothing to answer.
func (t Turn) CalledNext() []string {
	switch {
	case len(t.Questions) == 0:
		return []string{reportTool}
	case t.NextBatchNeeded:
		return []string{followUpTool}
	default:
		return []string{followUpTool, reportTool}
	}
}
