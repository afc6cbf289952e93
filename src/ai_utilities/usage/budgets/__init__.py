"""Budgets: spending limits, their reservations, and the stores that count them."""
