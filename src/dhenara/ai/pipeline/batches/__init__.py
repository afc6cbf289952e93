"""Batches: split and submit them, find and follow them, read their results."""
