"""The shipped test kit for plugin authors."""
