"""Random numbers depend on the seed, the width and the realization; on nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from keiryo.compute import streams
from keiryo.errors import UsageError


def numbers(seed: int, width: int, block: int, rows: int = streams.BLOCK) -> np.ndarray:
    return np.concatenate(list(streams.normal_slices(seed, width, block, rows)))


def test_numbers_stay_as_they_are() -> None:
    """A recorded result can be computed again only while these are the numbers."""
    found = numbers(1, 2, 5, 2).ravel()
    np.testing.assert_allclose(found, PINNED, rtol=1e-13)


PINNED = [0.19613966908005773, -1.367113403573263, -2.2578938406284506, 0.22255624255487239]


def test_fewer_rows_are_the_beginning_of_more() -> None:
    np.testing.assert_array_equal(numbers(7, 5, 3, 10), numbers(7, 5, 3)[:10])


def test_wide_realizations_come_in_slices() -> None:
    slices = list(streams.normal_slices(3, 1_500_000, 0, 5))
    assert [piece.shape for piece in slices] == [(2, 1_500_000), (2, 1_500_000), (1, 1_500_000)]
    np.testing.assert_array_equal(
        next(iter(streams.normal_slices(3, 1_500_000, 0, 1)))[0], slices[0][0]
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1, 4, 0), (2, 4, 0)),
        ((1, 4, 0), (1, 4, 1)),
        ((1, 4, 0), (1, 5, 0)),
        ((1, 4, 7), (7, 4, 1)),
    ],
)
def test_streams_are_independent(one: tuple[int, int, int], other: tuple[int, int, int]) -> None:
    a, b = numbers(*one).ravel()[:4096], numbers(*other).ravel()[:4096]
    assert abs(float(a @ b)) / 4096 < 5 / np.sqrt(4096)
    assert not np.intersect1d(a, b).size


def test_numbers_are_standard_normal() -> None:
    found = np.concatenate([numbers(11, 8, block).ravel() for block in range(20)])
    count = found.size
    assert abs(found.mean()) < 5 / np.sqrt(count)
    assert abs(found.var() - 1) < 5 * np.sqrt(2 / count)
    assert abs((found > 1.6448536269514722).mean() - 0.05) < 5 * np.sqrt(0.05 * 0.95 / count)


def test_largest_seed() -> None:
    assert streams.checked_seed(2**64 - 1) == 2**64 - 1
    assert np.isfinite(numbers(2**64 - 1, 3, 97_656)).all()


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, True, "1", None])
def test_wrong_seed(seed: object) -> None:
    with pytest.raises(UsageError, match="seed") as caught:
        streams.checked_seed(seed)  # type: ignore[arg-type]
    assert caught.value.advice


@pytest.mark.parametrize("realizations", [0, -5, 1.5, True, 10**8 + 1, 10**9])
def test_wrong_number_of_realizations(realizations: int) -> None:
    with pytest.raises(UsageError, match="realizations"):
        streams.checked_realizations(realizations)


def test_too_many_realizations_says_what_fewer_tell() -> None:
    with pytest.raises(UsageError) as caught:
        streams.checked_realizations(10**9, 0.05)
    assert "0.05 to ± 0.0004" in caught.value.advice


@pytest.mark.parametrize("blocks_per_task", [None, 1, 3, 100])
@pytest.mark.parametrize("realizations", [1, 1024, 1025, 300_000])
def test_tasks_cover_all_blocks(realizations: int, blocks_per_task: int | None) -> None:
    tasks = streams.tasks(realizations, 40, blocks_per_task)
    blocks = [block for task in tasks for block in range(*task)]
    assert blocks == list(range(streams.block_count(realizations)))
    assert sum(streams.rows_of(block, realizations) for block in blocks) == realizations


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        (1 / 3, 0.3333333333),
        (-123456.789012345, -123456.789),
        (0.0, 0.0),
        (1e300 / 7, 1.428571429e299),
    ],
)
def test_significant_digits(value: float, rounded: float) -> None:
    assert streams.significant(value) == rounded
    assert streams.rounded(np.array([[value]]))[0, 0] == rounded


def test_provenance_names_everything() -> None:
    found = streams.provenance(5, 1000)
    assert "Philox" in found.generator and (found.seed, found.realizations) == (5, 1000)
    assert found.numpy == np.__version__ and found.keiryo
