"""Perceptual hashes of pictures, and the search for pairs with nearly equal hashes."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from edgecnn.collector.difference_hash import COLUMNS, ROWS, difference_bits
from edgecnn.model.frame import Frame, fit_frame
from edgecnn.model.spec import Fit, ModelSpec, Shrink

BANDS = 6
"""Two hashes that differ in at most five bits are equal in one of six bands (pigeonholes)."""

MAX_BITS = 8
"""Two hashes are near if at most so many of their 64 bits differ."""

CANDIDATES = 4
"""Nearest training pictures kept for each held-out picture and band."""

RARE = 4
"""A hash with more near hashes than this proves little: many digits share one."""

_BLOCK = 2**21  # pairs in memory at once

_ONES = np.array([n.bit_count() for n in range(256)], np.uint8)

Hashes = npt.NDArray[np.bool_]
"""(n, 64) bits."""
Indexes = npt.NDArray[np.intp]


def difference_hash(frames: Frame, labels: tuple[str, ...]) -> Hashes:
    """Return the (n, 64) bits of the dHash of fitted pictures.

    A bit is set where a cell of the 8x9 gray thumbnail is brighter than its left neighbour.

    Args:
        frames: (n, h, w, c) uint8.
        labels: The data set's labels; a spec needs them, the hash does not depend on them.
    """
    spec = ModelSpec(labels, ROWS, COLUMNS, 1, Fit.STRETCH, Shrink.AREA)
    small = np.stack([fit_frame(frame, spec) for frame in frames])[..., 0]  # (n, 8, 9)
    return difference_bits(small)


def is_rare(hash_bits: Hashes, train: Hashes) -> bool:
    """Return whether at most `RARE` of the (n, 64) training hashes are near a (64,) hash."""
    return int(((train != hash_bits).sum(1) <= MAX_BITS).sum()) <= RARE


def candidates(held: Hashes, train: Hashes) -> tuple[Indexes, Indexes, npt.NDArray[np.bool_]]:
    """Find pairs of held-out (n, 64) and training (m, 64) hashes that are near.

    Returns:
        The (pairs,) held-out indexes and (pairs,) training indexes, the nearest few for each
        held-out picture; and (n,) flags of held-out hashes that were found not to be rare.
    """
    found = [np.empty((2, 0), np.intp)]
    crowded = np.zeros(len(held), np.bool_)
    bytes_held, bytes_train = np.packbits(held, 1), np.packbits(train, 1)  # (n, 8)
    for band in range(BANDS):
        # Every sixth bit: in plain pictures, neighbouring bits are equal too often.
        keys = [_numbers(bits[:, band::BANDS]) for bits in (held, train)]
        for rows, columns in _same_key(*keys):
            bits = _ONES[bytes_held[rows] ^ bytes_train[columns]].sum(1)
            near = bits <= MAX_BITS
            found.append(_nearest(rows[near], columns[near], bits[near]))
            crowded |= np.bincount(rows[near], minlength=len(held)) > RARE
    pairs = np.unique(np.concatenate(found, axis=1).T @ (len(train), 1))
    return pairs // len(train), pairs % len(train), crowded


def _nearest(rows: Indexes, columns: Indexes, bits: npt.NDArray[np.integer]) -> Indexes:
    """Return the (2, kept) pairs with the fewest differing bits of each row; rows are sorted."""
    order = np.lexsort((bits, rows))
    _, starts, counts = np.unique(rows, return_index=True, return_counts=True)
    kept = order[np.arange(len(rows)) - np.repeat(starts, counts) < CANDIDATES]
    return np.stack([rows[kept], columns[kept]])


def _numbers(bits: Hashes) -> Indexes:
    return bits @ (1 << np.arange(bits.shape[1], dtype=np.intp))


def _same_key(held: Indexes, train: Indexes) -> Iterator[tuple[Indexes, Indexes]]:
    """Yield (held-out, training) indexes with equal keys, in blocks; a limited number per row."""
    order = np.argsort(train, kind="stable")
    low, high = (np.searchsorted(train[order], held, side) for side in ("left", "right"))
    most = max(
        256, len(train) // 512
    )  # many plain pictures share a key: a limit keeps the time linear
    counts = np.minimum(high - low, most)
    for start in range(0, len(held), step := max(1, _BLOCK // most)):
        count = counts[start : start + step]
        rows = np.repeat(np.arange(start, start + len(count)), count)
        steps = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
        yield rows, order[low[rows] + steps]
