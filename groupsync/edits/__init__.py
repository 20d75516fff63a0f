"""Single edits of the files that people write: all else in them stays as it is, to the byte."""
