"""Who is written to belong: inline lists, member files, tables."""
