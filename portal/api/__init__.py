"""REST API v1 for tenants' programs, and the address that receives webhooks."""
