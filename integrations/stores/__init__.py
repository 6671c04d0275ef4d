"""Ports on Django: sealed values, connectors over stored connections, compiled flow versions."""
