"""Ways to another store: a folder on a stick, the county server."""
