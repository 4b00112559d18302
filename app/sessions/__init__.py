"""Counselling sessions: that they were, and notes that only their author and those whom the author lets can read."""
