"""X-Cart 5.5 and later, through its REST API and our companion add-on. See README.md."""
