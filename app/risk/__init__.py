"""Who needs to be looked at, how soon, and what was done about it."""
