"""Histories: parsing of user input, repair of tool calls and truncation."""
