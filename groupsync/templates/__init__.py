"""Files that commands write. Data only."""
