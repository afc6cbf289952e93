"""Answers: deltas folded into one, and unfolded again; what is shown of one that is on its way."""
