"""Stateful simulators of the external systems, run as separate server processes. Imports nothing of the product."""
