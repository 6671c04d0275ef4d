"""Transports: HTTP, SOAP and TDS, each translating failures into ConnectorError at one place."""
