"""Canonical form of definitions and member files."""
