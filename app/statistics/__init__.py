"""Counting: how many people of a group had which result in which period."""
