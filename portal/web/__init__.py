"""The pages people see: views, tags and wording; one module per area."""
