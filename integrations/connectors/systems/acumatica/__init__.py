"""Acumatica Cloud ERP: contract-based REST, OData generic inquiries and push notifications."""
