"""Microsoft Dynamics SL through Catalina's ctAPI SOAP services."""
