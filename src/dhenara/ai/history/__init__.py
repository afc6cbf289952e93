"""Histories: what users may give as one, in the form that every vendor takes, and no longer than it may be."""
