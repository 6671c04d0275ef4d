"""What all simulators share: HTTP server, fault switches, durable state, control API and the start command.

A simulator subclasses ``simulator.Simulator`` and hands it to ``command.run``.
Imports nothing of the product.
"""
