"""Programs for Node.js that the tests measure keiryo against: a certified OpenID provider, axe.

They are installed once on a machine, in ``tests/web/node/node_modules``, exactly as
``package-lock.json`` says; the provider runs on this machine only and ends with whoever started it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import select
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx

FOLDER = Path(__file__).resolve().parent / "node"
MODULES = FOLDER / "node_modules"
LEAST_NODE = 18
START_S, INSTALL_S = 60.0, 600.0
ADVICE = (
    f"These tests need Node.js {LEAST_NODE} or newer with npm. Please install them (Debian, "
    "Ubuntu: `sudo apt-get install nodejs npm`) and run the tests again. They are never left out, "
    "because signing in must be tested against a provider that is not our own."
)
REDIRECT_URI = "http://127.0.0.1/sign-in/elsewhere/return"

# Every test has a home folder of its own; npm must see the settings of whoever runs the tests.
_HOME = os.environ.get("HOME")


class NoNodeError(Exception):
    """There is no Node.js, or its packages cannot be installed; the message says what to do."""


def node() -> str:
    """Return the path of Node.js."""
    found = shutil.which("node") or shutil.which("nodejs")
    if found is None:
        raise NoNodeError(ADVICE)
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    version = re.match(r"v(\d+)\.", said.stdout)
    if version is None or int(version.group(1)) < LEAST_NODE:
        raise NoNodeError(f"{found} is {said.stdout.strip() or 'of no use'}. {ADVICE}")
    return found


def node_modules() -> Path:
    """Return the folder of the packages, installed at the first use; one process installs."""
    lock = FOLDER / "package-lock.json"
    with lock.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        wanted = hashlib.sha256(file.read()).hexdigest()
        stamp = MODULES / ".installed"
        if not stamp.is_file() or stamp.read_text() != wanted:
            _install()
            stamp.write_text(wanted)
    return MODULES


def _install() -> None:
    node()
    npm = shutil.which("npm")
    if npm is None:
        raise NoNodeError(ADVICE)
    quiet = ("--no-audit", "--no-fund", "--no-progress", "--no-update-notifier")
    environment = dict(os.environ) | ({"HOME": _HOME} if _HOME else {})
    done = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--loglevel=error", *quiet],
        cwd=FOLDER,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=INSTALL_S,
        check=False,
    )
    if done.returncode != 0:
        raise NoNodeError(
            "The packages in tests/web/node could not be installed with npm. Is there a network, "
            f"and does it reach the package registry that npm uses here?\n{done.stderr[-800:]}"
        )


def axe_script() -> str:
    """Return the accessibility checker, to be run inside a page."""
    return (node_modules() / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


# --- the provider --------------------------------------------------------------------------------


@dataclass(frozen=True)
class OpenIdProvider:
    """A provider that runs: its issuer, its clients with secrets, its accounts with passwords.

    Clients are named for how they want ID tokens signed: ``"keiryo-RS256"``, ``"keiryo-PS256"``,
    ``"keiryo-ES256"``, ``"keiryo-EdDSA"``.
    """

    issuer: str
    clients: dict[str, str] = field(repr=False)
    accounts: dict[str, str] = field(repr=False)


@contextmanager
def openid_provider(*redirect_uris: str) -> Iterator[OpenIdProvider]:
    """Run a provider; it sends browsers back to the addresses given, whatever their port.

    They are on this machine, e.g. ``"http://127.0.0.1/path"``.
    """
    program, _ = node(), node_modules()
    wanted = json.dumps({"redirect_uris": list(redirect_uris or (REDIRECT_URI,))})
    with tempfile.TemporaryFile() as remarks:
        process = subprocess.Popen(
            [program, str(FOLDER / "provider.mjs")],
            cwd=FOLDER,
            env={"PATH": os.environ.get("PATH", "")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=remarks,
        )
        try:
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write(f"{wanted}\n".encode())
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], START_S)
            line = process.stdout.readline() if ready else b""
            if not line:
                remarks.seek(0)
                raise NoNodeError(f"The provider did not start:\n{remarks.read()[-2000:]!r}")
            said = json.loads(line)
            yield OpenIdProvider(said["issuer"], said["clients"], said["accounts"])
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def through_forms(
    url: str,
    name: str,
    password: str,
    *,
    redirect_uri: str = REDIRECT_URI,
    cancel: bool = False,
    browser: httpx.Client | None = None,
) -> dict[str, str]:
    """Sign in on the provider's pages; return what it sends back to keiryo.

    Parameters
    ----------
    cancel : bool
        Press "Cancel" instead.
    browser : httpx.Client, optional
        One that has been there before.
    """
    with httpx.Client(trust_env=False, timeout=10) if browser is None else _kept(browser) as client:
        answer = client.get(url)
        for _ in range(10):
            if answer.is_redirect:
                target = str(answer.url.join(answer.headers["location"]))
                if target.startswith(f"{redirect_uri}?"):
                    return dict(parse_qsl(urlsplit(target).query))
                answer = client.get(target)
            else:
                assert answer.status_code == httpx.codes.OK, answer.text
                assert "do not belong together" not in answer.text, "wrong password"
                pressed = "cancel" if cancel else "sign in"
                form = {"name": name, "password": password, "do": pressed}
                answer = client.post(answer.url, data=form)
    raise AssertionError("the provider never sent the browser back")


@contextmanager
def _kept(browser: httpx.Client) -> Iterator[httpx.Client]:
    yield browser


if __name__ == "__main__":  # scripts/install: so that the tests themselves need no network
    try:
        node_modules()
    except NoNodeError as missing:
        raise SystemExit(str(missing)) from None
