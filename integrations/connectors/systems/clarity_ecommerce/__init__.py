"""Clarity eCommerce through the Connect contract v1: REST, JSON, OAuth 2.0 client credentials. See README.md."""
