"""Video stores black as 16 and white as 235: a dark or overexposed view is told all the same."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from keiryo.screening.review import review
from screening.made_pictures import CLIPS, image, video


def levels_of_clip(count: int) -> list[np.ndarray]:
    """The first images of the bottle clip in grey, 0 to 255."""
    with av.open(str(CLIPS / "bottle-detection.mp4")) as clip:
        frames = clip.decode(video=0)
        return [next(frames).to_ndarray(format="gray") for _ in range(count)]


@pytest.mark.parametrize(("code", "factor"), [("dark", 0.05), ("bright", 20.0)])
@pytest.mark.parametrize("made", [False, True])
def test_dark_and_bright_in_h264(tmp_path: Path, code: str, factor: float, made: bool) -> None:
    frames = [image(n) for n in range(60)] if made else levels_of_clip(60)
    for n in range(30, 45):
        frames[n] = np.clip(frames[n] * factor, 0, 255).astype(np.uint8)
    told = review(video(tmp_path / "camera.mp4", frames)).to_dict()
    (condition,) = told["health"]
    assert condition["code"] == code
    assert abs(condition["from_s"] - 3.0) < 0.35 and abs(condition["to_s"] - 4.4) < 0.35
    assert not told["events"]
