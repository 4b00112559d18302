"""Alembic migrations of the county database, oldest first."""
