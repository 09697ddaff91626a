"""Sees to it that the browser tests can run: Chromium, and fonts for Arabic and Ge'ez.

Usage: python -m tools.ensure_browser. Installs them as root on Debian or Ubuntu; elsewhere says in
one line what is missing. Always exits 0: without a browser its tests are skipped, the rest runs.
TAALBRUG_CHROMIUM names a Chromium that is not on PATH.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = (
    "chromium",
    "fontconfig",
    "fonts-noto-core",
    "fonts-noto-color-emoji",
    "fonts-sil-abyssinica",
)
SCRIPTS = {"ar": "Arabic", "ti": "Ge'ez"}
APT_LIMIT = 300
"""Seconds for one apt-get command."""


def find_chromium() -> str | None:
    """Give the path of a Chromium to test with, or None."""
    named = os.environ.get("TAALBRUG_CHROMIUM")
    if named:
        return shutil.which(named)
    return next((path for path in map(shutil.which, NAMES) if path), None)


def missing_fonts() -> list[str]:
    """Name the scripts for which this machine has no font."""
    lister = shutil.which("fc-list")
    if lister is None:
        return list(SCRIPTS.values())
    return [
        script
        for language, script in SCRIPTS.items()
        if not subprocess.run(  # noqa: S603 - fixed arguments
            [lister, f":lang={language}"], capture_output=True, check=False
        ).stdout.strip()
    ]


def missing() -> list[str]:
    """Name everything that is missing, in words."""
    chromium = [] if find_chromium() else ["Chromium"]
    return chromium + [f"a font for {script}" for script in missing_fonts()]


def can_install() -> bool:
    """Tell whether this is root on Debian, Ubuntu or a relative, with no Chromium named."""
    return (
        os.name == "posix"
        and not os.environ.get("TAALBRUG_CHROMIUM")
        and os.geteuid() == 0
        and Path("/etc/debian_version").exists()
        and shutil.which("apt-get") is not None
    )


def install() -> None:
    """Install with apt, silently; a failure shows afterwards, in what is still missing."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *PACKAGES]):
        try:
            done = subprocess.run(  # noqa: S603 - fixed arguments
                ["apt-get", "--quiet=2", *arguments],  # noqa: S607 - apt is where the system has it
                env=environment,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=APT_LIMIT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return
        # A failed update may still leave lists that are good enough to install from.
        if done.returncode != 0 and arguments[0] == "install":
            return


def remedy() -> str:
    """Say what a person can do about what is missing."""
    named = os.environ.get("TAALBRUG_CHROMIUM")
    if named and find_chromium() is None:
        return f"TAALBRUG_CHROMIUM={named} is no program: name one, or leave it out."
    return (
        f"On Debian or Ubuntu: apt install {' '.join(PACKAGES)}; elsewhere install them and, if "
        "Chromium is not on PATH, name it with TAALBRUG_CHROMIUM."
    )


def main() -> int:
    """Check, install where that is possible, and say in one line what is left to do."""
    if missing() and can_install():
        sys.stdout.write("Installing Chromium and fonts for the browser tests …\n")
        sys.stdout.flush()
        install()
    lacking = missing()
    if lacking:
        consequence = (
            "the browser tests are skipped"
            if find_chromium() is None
            else "pages are tested without the right letters"
        )
        sys.stdout.write(f"Missing: {', '.join(lacking)}; {consequence}. {remedy()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
