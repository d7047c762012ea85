"""Clients of the server under load: readers and posters on connections that are kept open.

Takes a plan as JSON on its standard input, tells on its standard output how long every answer took.
A reader asks again as soon as it has its answer; a poster sends an answer to a finding under a key
of its own, and sends every tenth one twice, as a program does that heard nothing.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid
from typing import Any

TIMEOUT_S = 120.0
REPEATED_EVERY = 10


class Line:
    """A connection that is kept open."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def __aenter__(self) -> Line:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def ask(
        self, method: str, path: str, headers: str, body: bytes = b""
    ) -> tuple[int, dict[bytes, bytes], bytes]:
        """Return status, headers and content of an answer."""
        sent = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n{headers}"
        if body:
            sent += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self.writer.write(sent.encode() + b"\r\n" + body)
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), TIMEOUT_S)
        first, *lines = head[:-4].split(b"\r\n")
        told = dict(line.lower().split(b": ", 1) for line in lines)
        if told.get(b"transfer-encoding") == b"chunked":
            raise ValueError(f"{path} came in pieces")
        content = await self.reader.readexactly(int(told.get(b"content-length", b"0")))
        return int(first.split(b" ", 2)[1]), told, content


async def read(plan: dict[str, Any], path: str, cookie: str, until: float, told: Any) -> None:
    """Ask for one page again and again."""
    headers = f"Cookie: keiryo_session={cookie}\r\n"
    async with Line(plan["port"]) as line:
        while time.perf_counter() < until:
            began = time.perf_counter()
            status, _, content = await line.ask("GET", path, headers)
            told["seconds"].append(time.perf_counter() - began)
            told["statuses"][str(status)] = told["statuses"].get(str(status), 0) + 1
            told["bytes"] = len(content)


async def write(plan: dict[str, Any], token: str, finding: list[int], told: Any, end: Any) -> None:
    """Answer a finding again and again until the end; note what was accepted."""
    act, line_no = finding
    path, count = f"/api/v1/findings/{act}/{line_no}/answer", 0
    async with Line(plan["port"]) as line:
        while not end.is_set():
            key, count = str(uuid.uuid4()), count + 1
            body = json.dumps({"words": key, "state": "open"}).encode()
            headers = f"Authorization: Bearer {token}\r\nIdempotency-Key: {key}\r\n"
            began = time.perf_counter()
            status, _, content = await line.ask("POST", path, headers, body)
            told["seconds"].append(time.perf_counter() - began)
            told["statuses"][str(status)] = told["statuses"].get(str(status), 0) + 1
            if status == 201:
                told["accepted"][key] = json.loads(content)["act"]
            if count % REPEATED_EVERY == 0:
                again, _, same = await line.ask("POST", path, headers, body)
                told["repeated"] += again == status and same == content
                told["sent_twice"] += 1
            await asyncio.sleep(plan["pause_s"])


def _empty(**more: Any) -> dict[str, Any]:
    return {"seconds": [], "statuses": {}, **more}


async def run(plan: dict[str, Any]) -> dict[str, Any]:
    """Read every page for a while, in turns; with posters, if the plan has any."""
    found = {name: _empty(bytes=0) for name in plan["pages"]}
    told = _empty(accepted={}, repeated=0, sent_twice=0)
    end = asyncio.Event()
    posters = [
        asyncio.create_task(write(plan, token, plan["findings"][number], told, end))
        for number, token in enumerate(plan["tokens"])
    ]
    for _ in range(plan["rounds"]):
        for name, path in plan["pages"].items():
            until = time.perf_counter() + plan["seconds"]
            cookies = plan["cookies"]
            readers = [
                read(plan, path, cookies[number % len(cookies)], until, found[name])
                for number in range(plan["readers"])
            ]
            await asyncio.gather(*readers)
    end.set()
    await asyncio.gather(*posters)
    return {"pages": found, "posts": told}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(json.load(sys.stdin)))))
