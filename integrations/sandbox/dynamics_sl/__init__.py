"""Stateful simulator of Microsoft Dynamics SL behind Catalina's ctAPI SOAP services.

Runs as its own process (``python -m integrations.sandbox.dynamics_sl``); imports nothing of the product.
"""
