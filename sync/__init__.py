"""How archives meet: changes, segments, streams, merge, stores, transports, the county server."""
