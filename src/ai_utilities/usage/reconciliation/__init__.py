"""Comparison of a ledger with a provider's own usage export."""
