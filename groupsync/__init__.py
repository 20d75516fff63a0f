"""groupsync: customer groups under version control."""
