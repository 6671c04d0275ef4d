"""The embedded shape: starts PostgreSQL, Redis and our own processes on one machine, and stops them in order.

Entered through ``./connect`` only. Imports no Django: it sets the environment that Django processes need.
"""
