"""Python runs this at the start of every process a test starts: it puts the network guard on."""

import runpy
from pathlib import Path

runpy.run_path(str(Path(__file__).resolve().parent.parent / "network_guard.py"))["install"]()
