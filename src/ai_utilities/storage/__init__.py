"""What caches, limits and ledgers keep their things in: SQLite files and Redis servers, shared without harm."""
