"""Makes both lock files anew from pyproject.toml, with every package's newest allowed version.

Usage: make lock. Needs the package index. The resolver (uv) is installed in a temporary folder, so
that it is no dependency of the project. Neither file names a download address.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS: dict[str, list[str]] = {
    "requirements.lock": [],
    "requirements-dev.lock": ["--group", "dev"],
}
OPTIONS = (
    "--universal", "--python-version", "3.11", "--generate-hashes", "--upgrade", "--quiet",
    "--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--no-header",
)  # fmt: skip


def main() -> int:
    """Resolve both lists first, and replace the files only when both succeeded."""
    with tempfile.TemporaryDirectory(prefix="taalbrug-lock-") as name:
        scratch = Path(name)
        uv = str(scratch / "venv" / "bin" / "uv")
        steps: list[list[str | Path]] = [
            [sys.executable, "-m", "venv", scratch / "venv"],
            [scratch / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet", "uv"],
        ]
        for lock, group in LOCKS.items():
            output = ["--output-file", str(scratch / lock)]
            steps.append([uv, "pip", "compile", "pyproject.toml", *group, *OPTIONS, *output])
        for step in steps:
            done = subprocess.run(  # noqa: S603 - fixed arguments
                step, cwd=ROOT, stdout=subprocess.DEVNULL, check=False
            )
            if done.returncode != 0:
                sys.stdout.write("The lock files are as they were: see the message above.\n")
                return 1
        for lock in LOCKS:
            (ROOT / lock).write_bytes((scratch / lock).read_bytes())
    sys.stdout.write("Both lock files are new: run `make check`, then read the difference.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
