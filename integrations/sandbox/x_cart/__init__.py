"""Simulator of an X-Cart 5.5 shop: its ``/api``, the companion add-on's webhooks and tracking route.

Start it with ``python -m integrations.sandbox.x_cart``; see README.md beside for the control routes.
"""
