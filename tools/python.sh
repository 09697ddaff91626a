#!/bin/sh
# Runs a script of this folder with a Python that suits: sh tools/python.sh tools/install.py runtime
#
# PYTHON names one. Otherwise the .venv's own is used, and where there is none yet, the first on
# PATH that really runs: a name on PATH may be a version manager's stand-in that only complains.
# Plain sh, because it runs where no suitable Python may be.
set -f

NAMES="python3.13 python3.12 python3.11 python3 python"
PROBE='
import sys
if sys.version_info < (3, 11) or sys.implementation.name != "cpython":
    sys.exit(4)
try:
    import ensurepip, venv
except ImportError:
    sys.exit(3)
'

fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

no_venv() {
    fail "$1 cannot make a virtual environment (its venv or ensurepip module is missing): on Debian or Ubuntu run 'apt install python3-venv', elsewhere name another CPython 3.11, 3.12 or 3.13 with PYTHON=/path/to/python3."
}

if [ -n "${PYTHON:-}" ]; then
    "$PYTHON" -c "$PROBE" >/dev/null 2>&1
    case $? in
        0) exec "$PYTHON" "$@" ;;
        3) no_venv "PYTHON=$PYTHON" ;;
        4) fail "PYTHON=$PYTHON is not CPython 3.11 or newer: name a CPython 3.11, 3.12 or 3.13." ;;
        *) fail "PYTHON=$PYTHON does not run: name a CPython 3.11, 3.12 or 3.13, as in PYTHON=/usr/bin/python3.11." ;;
    esac
fi

if .venv/bin/python -c "$PROBE" >/dev/null 2>&1; then
    exec .venv/bin/python "$@"
fi

without_venv=
outer_ifs=$IFS
for name in $NAMES; do
    IFS=:
    for folder in $PATH; do
        IFS=$outer_ifs
        candidate=${folder:-.}/$name
        if [ ! -x "$candidate" ] || [ -d "$candidate" ]; then
            continue
        fi
        "$candidate" -c "$PROBE" >/dev/null 2>&1
        case $? in
            0) exec "$candidate" "$@" ;;
            3) without_venv=${without_venv:-$candidate} ;;
        esac
    done
    IFS=$outer_ifs
done

[ -z "$without_venv" ] || no_venv "$without_venv"
fail "No CPython 3.11, 3.12 or 3.13 on PATH: install one (Debian or Ubuntu: 'apt install python3 python3-venv') or name one with PYTHON=/path/to/python3."
