"""A small service that holds groups, over HTTP: FastAPI and SQLite."""
