"""Builds the catalogue's facts from public lists, each fact with its source and date."""
