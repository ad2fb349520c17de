"""Facts at rest: one SQLite file, a module a table. Only actions and shells come here."""
