"""Perceptual hashes: bit by bit as described, and no near pair is missed."""

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecnn.data.picture_hashes import RARE, candidates, difference_hash, is_rare
from edgecnn.model.frame import Frame, fit_frame
from edgecnn.model.spec import Fit, ModelSpec

LABELS = ("ant", "bee")


def slow_hash(frame: Frame) -> list[bool]:
    """Return the dHash bits, one by one."""
    spec = ModelSpec(LABELS, 8, 9, 1, Fit.STRETCH)
    small = fit_frame(frame, spec)[..., 0]
    return [bool(small[y, x + 1] > small[y, x]) for y in range(8) for x in range(8)]


def test_a_bit_is_set_where_a_cell_is_brighter_than_its_left_neighbour() -> None:
    frames: npt.NDArray[np.uint8] = np.random.default_rng(1).integers(
        0, 256, (9, 8, 9, 1), np.uint8
    )
    bits = difference_hash(frames, LABELS)
    assert bits.tolist() == [slow_hash(frame) for frame in frames]


@settings(max_examples=30, deadline=None)
@given(st.sets(st.integers(0, 63), max_size=5), st.integers(0, 2**32 - 1))
def test_every_hash_that_differs_in_five_bits_or_fewer_is_a_candidate(
    flips: set[int], seed: int
) -> None:
    random = np.random.default_rng(seed)
    train = random.integers(0, 2, (200, 64)).astype(bool)
    held = train[17:18].copy()
    held[0, list(flips)] ^= True
    rows, columns, _ = candidates(held, train)
    assert (0, 17) in set(zip(rows.tolist(), columns.tolist(), strict=True))


def test_a_hash_is_rare_up_to_so_many_near_training_hashes() -> None:
    random = np.random.default_rng(0)
    others = random.integers(0, 2, (300, 64)).astype(bool)
    own = others[:1]
    near = own.repeat(RARE, axis=0)
    near[:, :8] ^= True  # eight of 64 bits are still near
    assert is_rare(own[0], np.concatenate([others[1:], near]))
    assert not is_rare(own[0], np.concatenate([others, near]))


def test_a_crowded_hash_is_flagged_and_an_own_one_is_not() -> None:
    random = np.random.default_rng(1)
    held = random.integers(0, 2, (2, 64)).astype(bool)
    train = np.concatenate([held[:1].repeat(RARE + 1, axis=0), held[1:]])
    rows, columns, crowded = candidates(held, train)
    assert crowded.tolist() == [True, False]
    assert set(rows.tolist()) == {0, 1}
    assert len(train) - 1 in columns.tolist()
