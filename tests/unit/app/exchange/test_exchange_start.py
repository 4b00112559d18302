"""What takes long to load is loaded when it is needed."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
HEAVY = {"fhir", "fhir_core", "pydantic", "pyxform", "openpyxl"}


@pytest.mark.parametrize("module", ["ui.cli.instrument", "ui.cli.campaign", "ui.cli.imports", "app.exchange.fhir_out"])
def test_nothing_heavy_is_loaded_at_the_start(module: str) -> None:
    code = f"import sys, {module}; print(*({{name.partition('.')[0] for name in sys.modules}} & {HEAVY}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
