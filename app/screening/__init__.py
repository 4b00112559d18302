"""Rounds of screening, and how answers become screenings."""
