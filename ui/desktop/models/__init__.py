"""Qt models over plain data."""
