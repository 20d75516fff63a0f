"""YAML as users write it: read with positions, edited in place, written. Pure."""
