"""Requests and responses of operations other than chat."""
