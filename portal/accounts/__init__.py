"""Users, memberships, API keys and the table of what each role may do."""
