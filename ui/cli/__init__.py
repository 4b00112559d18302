"""The command line. Commands, JSON shapes and exit codes: docs/cli.md. Never imports Qt."""
