"""The encrypted archive: a replicated document store. Knows records, history, search and keys; nothing of psychology."""
