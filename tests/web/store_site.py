"""A site with a sealed store in which people of the site are members, each with a passphrase."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from keiryo.security_store import membership
from keiryo.security_store.samples import sample
from keiryo.security_store.store import create
from security_store.store_cases import CHEAP, Watch
from web.site import NOW, Client, Site

MEMBERS = {
    "officer": ("approver", "security_officer"),  # the first member
    "officer2": ("approver",),
    "security": ("security_officer",),
    "accountant": ("evaluator",),
    "inspector": ("maintainer",),
    "auditor": ("auditor",),
}
HOME = "/protection/stores"


def phrase(name: str) -> str:
    """Return the passphrase of a member."""
    return f"{name} carries wet umbrellas"


def person_of(name: str) -> str:
    """Return the person of a member of the site."""
    from web.site import PEOPLE

    return f"P-{'ABCDEFGHJK'[list(PEOPLE).index(name)] * 8}"


def make_store(folder: Path) -> Path:
    """Make a store with a member for each role, and return its file."""
    clock = Watch(NOW)
    path = folder / "f.store"
    first = person_of("officer")
    store = create(path, "XA/XAF-", first, phrase("officer"), clock=clock, cost=CHEAP)
    ada = store.open(first, phrase("officer"))
    for name, roles in MEMBERS.items():
        if name == "officer":
            continue
        person = person_of(name)
        store.enrol(person, phrase(name))
        for role in roles:
            if role == "approver":
                membership.propose(ada, "grant", person, "by order", role=role)
                ben = store.open(person, phrase(name))
                continue
            given, taken = (ben, ada) if role in ("security_officer", "auditor") else (ada, ben)
            asked = membership.propose(given, "grant", person, "by order", role=role)
            membership.confirm(taken, asked.id)
    store.enrol(person_of("cooperation"), phrase("cooperation"))
    evaluator = store.open(person_of("accountant"), phrase("accountant"))
    media_type, content = sample("graph", 3)
    evaluator.put("graph", "wet gate graph", media_type, content, "first input")
    return path


class Desk:
    """A browser of a member, with the store open."""

    def __init__(self, site: Site, name: str, store: str, *, opens: bool = True) -> None:
        self.client = Client(site, site.session(name))
        self.here = f"{HOME}/{store}"
        self.store = store
        if opens:
            given = {"store": store, "store_password": phrase(name)}
            answer = self.client.post(f"{HOME}/open", given)
            assert (answer.status_code, answer.headers["location"]) == (303, self.here), answer.text

    def get(self, part: str = "") -> Any:
        """Load a page of the store."""
        return self.client.get(self.here + part)

    def post(self, part: str, /, **fields: Any) -> Any:
        """Send a form of the store."""
        return self.client.post(self.here + part, {"reason": "by order", **fields})

    def put(self, kind: str, title: str, name: str, content: bytes | str | dict[str, Any]) -> Any:
        """Seal a file."""
        data = json.dumps(content) if isinstance(content, dict) else content
        data = data.encode() if isinstance(data, str) else data
        given = {"kind": kind, "title": title, "reason": "by order"}
        return self.client.post(f"{self.here}/records", given, files={"file": (name, data)})


def copied(path: Path, folder: Path) -> Path:
    """Copy a store into a folder of stores."""
    folder.mkdir(exist_ok=True)
    target = folder / "f.store"
    shutil.copy(path, target)
    target.chmod(0o600)
    return folder
