"""Messages of devices: each smallest bad one is flagged and kept, none is dropped."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from keiryo.device_log.canonical import canonical, digest
from keiryo.device_log.message_store import store_message
from keiryo.device_log.messages import Intake, Limits, Taken
from keiryo.errors import UsageError

from .conftest import Device, at, told


class Line:
    """A device that sends messages, and a collector who takes them."""

    def __init__(self, device: Device, **more: Any) -> None:
        self.device = device
        self.intake = Intake(device.keys(), Limits(**more))
        self.before: dict[str, Any] | None = None

    def message(self, seq: int, minutes: float | None = None, **more: Any) -> dict[str, Any]:
        made = {
            "v": 1,
            "src": "CAM-01",
            "seq": seq,
            "t": told(seq if minutes is None else minutes),
            "type": "soh",
            "data": {},
            "prev": None if self.before is None else digest(self.before),
            "kid": "K-1",
            **more,
        }
        return made

    def send(self, message: dict[str, Any], minutes: float = 60, **more: Any) -> Taken:
        taken = self.intake.take(
            canonical(message),
            more.pop("signature", self.device.sign(message)),
            at(minutes),
            **more,
        )
        if not taken.flagged and not taken.duplicate:
            self.before = message
        return taken

    def codes(self, message: dict[str, Any], minutes: float = 60, **more: Any) -> list[str]:
        taken = self.send(message, minutes, **more)
        assert all(one.advice for one in taken.findings)
        return [one.code for one in taken.findings]


@pytest.fixture
def line(device: Device) -> Line:
    made = Line(device)
    assert made.codes(made.message(0)) == []
    assert made.codes(made.message(1)) == []
    return made


def test_messages_in_order_and_twice(line: Line) -> None:
    again = line.send(line.before or {})
    assert (again.duplicate, again.flagged) == (True, False)
    assert line.codes(line.message(2)) == []


def test_who_signed(line: Line) -> None:
    other = line.message(2, kid="K-9")
    assert line.codes(other) == ["DEVICE-KEY-UNKNOWN"]
    assert line.codes(line.message(2), signature=None) == ["DEVICE-MESSAGE-UNSIGNED"]
    wrong = line.device.sign(line.message(3))
    assert line.codes(line.message(2), signature=wrong) == ["DEVICE-SIGNATURE"]
    assert line.codes(line.message(2), signature="zz") == ["DEVICE-SIGNATURE"]
    foreign = line.message(0, src="CAM-02", prev=None)
    assert line.codes(foreign) == ["DEVICE-KEY-PURPOSE"]
    assert line.codes(line.message(2)) == []  # what was forged left no trace in the order


def test_a_number_with_other_content(line: Line) -> None:
    assert line.codes(line.message(1, data={"n": 1})) == ["DEVICE-MESSAGE-EQUIVOCATION"]


def test_a_gap_and_the_late_message(line: Line) -> None:
    assert line.codes(line.message(3)) == ["DEVICE-MESSAGE-GAP"]
    assert line.codes(line.message(2)) == []


def test_another_message_before(line: Line) -> None:
    assert line.codes(line.message(2, prev="0" * 64)) == ["DEVICE-MESSAGE-PREVIOUS"]


def test_times(line: Line) -> None:
    assert line.codes(line.message(2, minutes=65), 60) == []
    ahead = line.message(3, minutes=65.1)
    assert line.codes(ahead, 60) == ["DEVICE-MESSAGE-FUTURE"]
    line.before = ahead
    assert line.codes(line.message(4, minutes=64.2), 60) == []
    back = line.message(5, minutes=62)
    assert line.codes(back, 60) == ["DEVICE-MESSAGE-CLOCK"]
    line.before = back
    assert line.codes(line.message(6, minutes=10, type="clock"), 60) == []


def test_payloads_and_sizes(device: Device) -> None:
    line = Line(device, message_bytes=400, payload_bytes={"image": 9}, other_bytes=4)
    picture = b"picture"
    data = {"sha256": hashlib.sha256(picture).hexdigest()}
    assert line.codes(line.message(0, type="image", data=data), payload=picture) == []
    wrong = line.message(1, type="image", data=data)
    assert line.codes(wrong, payload=b"another") == ["DEVICE-MESSAGE-PAYLOAD"]
    line.before = wrong
    large = line.message(2, data=data)
    assert line.codes(large, payload=picture) == ["DEVICE-MESSAGE-OVERSIZE"]
    line.before = large
    assert line.codes(line.message(3, data={"x": "x" * 400})) == ["DEVICE-MESSAGE-OVERSIZE"]


def test_an_unknown_type(line: Line) -> None:
    assert line.codes(line.message(2, type="song")) == ["DEVICE-MESSAGE-TYPE"]


@pytest.mark.parametrize(
    "change",
    [
        *({"v": 2}, {"v": True}, {"src": ""}, {"seq": -1}, {"seq": "2"}, {"t": "now"}),
        *({"type": None}, {"data": []}, {"prev": "ff"}, {"kid": 7}),
    ],
)
def test_the_form(line: Line, change: dict[str, Any]) -> None:
    assert line.codes({**line.message(2), **change}) == ["DEVICE-MESSAGE-FORM"]


def test_what_is_no_message(line: Line) -> None:
    taken = line.intake.take(b'{"a":1,"a":2}', None, at(60))
    assert [one.code for one in taken.findings] == ["DEVICE-MESSAGE-FORM"]
    assert taken.message is None


def test_everything_is_kept(line: Line, tmp_path: Path) -> None:
    good = line.send(line.message(2), payload=None)
    place = store_message(tmp_path, good)
    assert place.relative_to(tmp_path).as_posix() == "CAM-01/2026/01/01/2.json"
    assert place.read_bytes() == good.content
    assert Path(f"{place.with_suffix('')}.sig").read_text() == good.signature
    bad = line.send(line.message(3, type="song"))
    place = store_message(tmp_path, bad, payload=b"la")
    assert place.parent.name == "flagged"
    findings = json.loads(Path(f"{place.with_suffix('')}.findings").read_text())
    assert findings["findings"][0]["rule"] == "DEVICE-MESSAGE-TYPE"
    place.write_bytes(b"first")
    assert store_message(tmp_path, bad).read_bytes() == b"first"  # never written over
    rubbish = line.intake.take(b"\xff", None, at(60))
    assert store_message(tmp_path, rubbish).read_bytes() == b"\xff"
    outside = Intake({}).take(canonical(line.message(0, src="../../up")), None, at(60))
    assert tmp_path in store_message(tmp_path, outside).parents
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(UsageError):
        store_message(file, good)
