"""One folder per vendor system. Systems do not import each other."""
