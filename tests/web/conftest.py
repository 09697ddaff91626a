"""The tables stand already in the file that these tests open."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _tables_made(tmp_path: Path, sqlite_template: Path) -> None:
    shutil.copyfile(sqlite_template, tmp_path / "taalbrug.db")
