"""A stateful simulator of Clarity eCommerce API v1 (Connect contract), for tests, demos and people.

Imports nothing of the product.
"""
