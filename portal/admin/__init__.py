"""The support console: Django admin over the support role, read-mostly, no secrets."""
