"""Makes .venv beside this folder and installs the locked packages in it.

Usage: install.py runtime | dev. Run by tools/python.sh with any CPython from 3.11; uses nothing
but its standard library. What was installed is remembered in .venv, by the lock file's content
and after it succeeded: a second run does nothing, an interrupted one is repaired by running again.

The project itself is not built: one line in a .pth file makes the checkout importable, and
.venv/bin/taalbrug starts it.
"""

import hashlib
import json
import os
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
MEMORY = VENV / "installed.json"
LOG = VENV / "install.log"
VERSION = ".".join(map(str, sys.version_info[:2]))
LOCKS = {"runtime": "requirements.lock", "dev": "requirements-dev.lock"}

# -P keeps the folder a person stands in from being searched for modules.
LAUNCHER = """\
#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/python" -P -m bot "$@"
"""

REMEDIES = (
    (
        "DO NOT MATCH THE HASHES",
        "a package is not the one that was locked: do not use it, report it",
    ),
    ("No space left", "the disk is full: make room and run this again"),
    ("Retrying (", "the package index did not answer: check the connection and run this again"),
    (
        "No matching distribution",
        f"the package index does not answer, or has nothing ready-made for Python {VERSION} here: "
        "check the connection, or name another with PYTHON=/path/to/python3.13",
    ),
)


class InstallError(Exception):
    """The installation cannot go on; one line with the remedy."""


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _remembered() -> dict[str, str]:
    try:
        memory = json.loads(MEMORY.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return memory if isinstance(memory, dict) else {}


def _remember(entries: dict[str, str]) -> None:
    draft = MEMORY.with_suffix(".new")
    draft.write_text(json.dumps(_remembered() | entries, indent=1) + "\n", encoding="utf-8")
    draft.replace(MEMORY)


def _base_python() -> Path:
    """Give the Python outside any virtual environment that is behind the running one."""
    for candidate in (f"python{VERSION}", "python3", "python"):
        path = Path(sys.base_prefix) / "bin" / candidate
        if path.exists():
            return path
    return Path(sys.executable)


def _usable() -> bool:
    """Tell whether .venv is whole, has the running Python, and was made for this folder."""
    checkout = _remembered().get("checkout", str(ROOT))
    if checkout != str(ROOT):
        return False  # copied or moved: its scripts still name the old place
    question = "import pip, sys; print(sys.base_prefix, *sys.version_info[:2], sep='\\n')"
    try:
        answer = subprocess.run(  # noqa: S603 - our own interpreter
            [PYTHON, "-c", question], capture_output=True, text=True, check=True
        ).stdout.split("\n")
    except (OSError, subprocess.CalledProcessError):
        return False
    return answer[:3] == [sys.base_prefix, *map(str, sys.version_info[:2])]


def _make_venv() -> None:
    made = subprocess.run(  # noqa: S603 - fixed arguments
        [_base_python(), "-m", "venv", "--clear", VENV],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        lines = (made.stderr + made.stdout).strip().splitlines() or ["no reason given"]
        raise InstallError(
            f"{_base_python()} could not make .venv ({lines[-1]}): on Debian or Ubuntu run "
            "'apt install python3-venv', elsewhere name another with PYTHON=/path/to/python3"
        )


def _install(lock: Path) -> None:
    packages = sum(line[:1].isalnum() for line in lock.read_text(encoding="utf-8").splitlines())
    _say(f"Installing {packages} packages into .venv …")
    command: list[str | Path] = [
        PYTHON, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check",
        "--require-hashes", "--only-binary=:all:", f"--log={LOG}", "-r", lock,
    ]  # fmt: skip
    LOG.unlink(missing_ok=True)
    done = subprocess.run(  # noqa: S603 - fixed arguments
        command,
        capture_output=True,
        text=True,
        check=False,
        # A personal setting that cannot be true in a virtual environment.
        env={**os.environ, "PIP_USER": "0"},
    )
    if done.returncode == 0:
        return
    said = done.stdout + done.stderr
    errors = [line for line in said.splitlines() if line.startswith("ERROR:")]
    first = (
        errors[0].removeprefix("ERROR:").split(". ")[0].strip() if errors else "pip gave no reason"
    )
    remedy = next((cure for sign, cure in REMEDIES if sign in said), "run this again")
    raise InstallError(
        f"The packages could not be installed ({first}): {remedy}. See {_shown(LOG)}"
    )


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _link_project() -> None:
    """Make the checkout importable in .venv, and write the taalbrug command."""
    layout = {"base": str(VENV), "platbase": str(VENV)}
    packages = Path(sysconfig.get_path("purelib", "venv", layout))
    # Relative, so that a folder name with odd letters or a later move cannot break it.
    (packages / "taalbrug.pth").write_text(
        os.path.relpath(ROOT, packages) + "\n", encoding="utf-8"
    )
    launcher = VENV / "bin" / "taalbrug"
    launcher.write_text(LAUNCHER, encoding="utf-8")
    launcher.chmod(0o755)


def install(kind: str) -> None:
    """Bring .venv to what the lock file of this kind says; does nothing if it is there already.

    Raises InstallError with a one-line remedy.
    """
    lock = ROOT / LOCKS[kind]
    content = {
        each: hashlib.sha256((ROOT / name).read_bytes()).hexdigest()
        for each, name in LOCKS.items()
    }
    usable = _usable()
    if usable and _remembered().get(kind) == content[kind]:
        return
    if not usable:
        _make_venv()
    _install(lock)
    _link_project()
    # The development lock holds the runtime's packages too.
    done = {"runtime", kind}
    _remember({"checkout": str(ROOT)} | {each: content[each] for each in done})


def main() -> int:
    """Install what the first argument names."""
    if sys.argv[1:] not in (["runtime"], ["dev"]):
        _say(f"Usage: {shlex.quote(sys.argv[0])} runtime | dev")
        return 2
    try:
        install(sys.argv[1])
    except InstallError as error:
        _say(str(error))
        return 1
    except KeyboardInterrupt:
        _say("Interrupted: run the same command again to finish the installation.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
