"""Where the records lie: SQLite or PostgreSQL, the guards of its tables, evidence, backup."""
