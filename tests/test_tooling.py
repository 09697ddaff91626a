"""What the repository promises of itself: its lock files, its licence, what it never names."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")
# Put together here, so that this file does not name what no file may name.
HOST_NEEDLES = tuple(
    ".".join(parts)
    for parts in (
        ("py" + "pi", "org"),
        ("python" + "hosted", "org"),
        ("npm" + "js", "org"),
        ("npm" + "js", "com"),
        ("deb" + "ian", "org"),
    )
)
MACHINE_PATH = re.compile(
    r"(?<![\w./-])/(?:" + "|".join(("wo" + "rk", "ho" + "me", "ro" + "ot", "Us" + "ers")) + r")/\w"
)


def tracked_files() -> list[Path]:
    """Give every text file that git tracks, or would track: what a clone gets."""
    listing = subprocess.run(
        [
            "git",
            "-c",
            "safe.directory=*",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listing.returncode != 0:
        pytest.skip("not a git checkout: git lists no files here")
    paths = (ROOT / name.decode() for name in listing.stdout.split(b"\0") if name)
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()]


def requirements(lock: str) -> dict[str, str]:
    """Give each locked package's name with all that stands under it."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    entries = [line for line in text.splitlines() if line.strip() and line[0] != "#"]
    return {re.split(r"[^\w.-]", entry, maxsplit=1)[0]: entry for entry in entries}


def declared() -> dict[str, list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {
        "requirements.lock": project["project"]["dependencies"],
        "requirements-dev.lock": project["dependency-groups"]["dev"],
    }


def bare(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_one_version_and_its_hashes(lock: str) -> None:
    whole = re.compile(
        r"[\w.-]+(\[[\w,-]+\])?==[\w.+!]+( ; [^\\#]+?)?(\s+--hash=sha256:[0-9a-f]{64})+"
    )
    loose = [name for name, entry in requirements(lock).items() if not whole.fullmatch(entry)]
    assert requirements(lock)
    assert loose == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_names_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(
        r"^\s*(-i|--index-url|--extra-index-url|--find-links|-f)\b", text, re.MULTILINE
    )


@pytest.mark.parametrize("lock", LOCKS)
def test_every_dependency_is_locked(lock: str) -> None:
    locked = {name.lower() for name in requirements(lock)}
    assert [name for name in map(bare, declared()[lock]) if name.lower() not in locked] == []


def test_development_runs_on_the_very_packages_that_run_in_production() -> None:
    development = requirements("requirements-dev.lock")
    different = [
        name
        for name, entry in requirements("requirements.lock").items()
        if development.get(name) != entry
    ]
    assert different == []


def test_every_dependency_says_what_it_is_for_and_what_was_rejected() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = {
        cells[0].strip(" `"): cells[1:]
        for line in page.splitlines()
        if line.startswith("| `") and (cells := line.strip("|").split("|"))
    }
    named = {requirement.split(">=")[0] for group in declared().values() for requirement in group}
    assert rows.keys() == named
    assert [
        name for name, cells in rows.items() if len([c for c in cells if c.strip()]) != 3
    ] == []


def test_the_licence_is_the_whole_eupl_1_2() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    articles = re.findall(r"^(\d+)\. [A-Z]", text, re.MULTILINE)
    assert text.startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2\n")
    assert articles == [str(number) for number in range(1, 16)]
    assert "\nAppendix\n" in re.sub(r"\n +", "\n", text)
    assert text.rstrip().endswith("require the production of a new EUPL version.")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == "EUPL-1.2"


def test_no_file_names_a_package_index() -> None:
    found = {
        str(path.relative_to(ROOT)): needle
        for path in tracked_files()
        for needle in HOST_NEEDLES
        if needle in path.read_text(encoding="utf-8", errors="replace")
    }
    assert found == {}


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    found = {
        str(path.relative_to(ROOT)): match.group()
        for path in tracked_files()
        if (match := MACHINE_PATH.search(path.read_text(encoding="utf-8", errors="replace")))
    }
    assert found == {}


def test_every_target_of_the_makefile_that_is_promised_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    promised = set(re.findall(r'@echo "make ([a-z-]+)', makefile))
    assert promised <= targets
    assert {"install", "demo", "test", "check", "lock", "screenshots", "help", "clean"} <= targets


def stand_in(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)


def find_python(
    tmp_path: Path, *folders: Path, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Ask tools/python.sh for a Python, in a folder without .venv, with only these on PATH."""
    return subprocess.run(
        ["/bin/sh", ROOT / "tools" / "python.sh", "-c", "print('runs')"],
        cwd=tmp_path,
        env={"PATH": os.pathsep.join(map(str, folders)), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_python_on_path_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    stand_in(tmp_path / "first one", "python3.13", "echo 'command not found' >&2; exit 127")
    stand_in(tmp_path / "old", "python3", "exit 4")
    stand_in(tmp_path / "last", "python3", f"exec '{sys.executable}' \"$@\"")
    found = find_python(tmp_path, tmp_path / "first one", tmp_path / "old", tmp_path / "last")
    assert (found.returncode, found.stdout, found.stderr) == (0, "runs\n", "")


def test_a_machine_without_a_suitable_python_is_told_so_in_one_line(tmp_path: Path) -> None:
    stand_in(tmp_path / "old", "python3", "exit 4")
    found = find_python(tmp_path, tmp_path / "old")
    assert found.returncode == 1
    assert found.stderr.startswith("No CPython 3.11, 3.12 or 3.13 on PATH: install one")
    assert found.stderr.count("\n") == 1


def test_a_python_without_venv_is_told_so_in_one_line(tmp_path: Path) -> None:
    stand_in(tmp_path / "bare", "python3.11", "exit 3")
    found = find_python(tmp_path, tmp_path / "bare")
    assert found.returncode == 1
    assert "apt install python3-venv" in found.stderr
    assert found.stderr.count("\n") == 1


def test_a_python_that_was_named_is_not_silently_replaced(tmp_path: Path) -> None:
    stand_in(tmp_path / "good", "python3", f"exec '{sys.executable}' \"$@\"")
    found = find_python(tmp_path, tmp_path / "good", PYTHON="/nowhere/python3")
    assert found.returncode == 1
    assert found.stderr.startswith("PYTHON=/nowhere/python3 does not run")
