"""JSON Schemas (2020-12) of everything groupsync reads and writes, shipped as package data."""
