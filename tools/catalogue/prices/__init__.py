"""Builds the price tables by host from public lists: `python -m tools.catalogue.prices`."""
