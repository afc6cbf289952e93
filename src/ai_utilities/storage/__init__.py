"""SQLite files and Redis servers, in which caches, limits, budgets and ledgers store their data."""
