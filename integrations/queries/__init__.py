"""All reads of the portal and the API: functions of the current tenant's rows that return frozen dataclasses.

Search columns are compared by ``=`` on their stored, folded form; lists are paged by id.
"""
