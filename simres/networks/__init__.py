"""Networks by name, and their modules."""
