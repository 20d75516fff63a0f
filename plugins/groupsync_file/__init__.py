"""Backend plugin: file."""
