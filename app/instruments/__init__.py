"""Questionnaires as data: what a definition says, whether it holds together, and how answers are scored.

`definition` reads one file, `library` the bundled ones, `scoring` turns answers into an outcome. The format is
described in `docs/definitions.md`.
"""
