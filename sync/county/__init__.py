"""The county server: verifies, stores and hands on what it cannot read."""
