"""`python -m groupsync`."""

from groupsync.cli import main

main()
