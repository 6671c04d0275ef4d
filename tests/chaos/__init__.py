"""The chaos harness: real processes, a seeded stream of changes, seeded faults, then the truth from both sandboxes."""
