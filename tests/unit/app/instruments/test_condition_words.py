"""Conditions on paper: a person who fills a form in by hand understands when to go on."""

import pytest
from tests.unit.app.instruments.example import data

