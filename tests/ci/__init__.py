"""What continuous integration runs: the action, the workflows, the hooks."""
