"""Connectors: what Clarity Connect speaks to, behind four small protocols (``base``) and data (``spec``).

A connector is one folder under ``systems/``; the registry finds it by its folder name. Nothing but a
``ConnectorError`` (``errors``) leaves a connector.
"""
