"""A simulated Acumatica tenant: contract-based REST, OAuth and cookie sign-in, generic inquiries, push notifications.

Every behaviour carries the mark of the system notes in its module: documented, inferred or ours.
"""
