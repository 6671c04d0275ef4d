"""A store whose signed webhook carries the whole order."""
