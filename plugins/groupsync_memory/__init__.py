"""Backend plugin: memory."""
