"""Perceptual hashes of pictures, and the pairs of pictures whose hashes are nearly the same."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from edgecnn.collector.difference_hash import COLUMNS, ROWS, difference_bits
from edgecnn.model.frame import Frame, fit_frame
from edgecnn.model.spec import Fit, ModelSpec, Shrink

BANDS = 6
"""Hashes that differ in five bits or fewer agree in one of six bands: the pigeonhole principle."""

MAX_BITS = 8
"""Hashes are near if they differ in this many of 64 bits or fewer."""

CANDIDATES = 4
"""Pairs of a held-out picture that are kept, in each band."""

RARE = 4
"""With more near hashes than this, a hash says little: digits and plain pictures all look alike."""

_BLOCK = 2**21  # pairs that are held in memory at once

_ONES = np.array([n.bit_count() for n in range(256)], np.uint8)

Hashes = npt.NDArray[np.bool_]
"""(n, 64) bits."""
Indexes = npt.NDArray[np.intp]


def difference_hash(frames: Frame, labels: tuple[str, ...]) -> Hashes:
    """Return the (n, 64) bits of fitted pictures' dHash: is a place brighter than its left?

    Args:
        frames: (n, h, w, c) uint8.
        labels: Any two names.
    """
    spec = ModelSpec(labels, ROWS, COLUMNS, 1, Fit.STRETCH, Shrink.AREA)
    small = np.stack([fit_frame(frame, spec) for frame in frames])[..., 0]  # (n, 8, 9)
    return difference_bits(small)


def is_rare(hash_bits: Hashes, train: Hashes) -> bool:
    """Tell whether few training pictures have about this hash of (64,) bits."""
    return int(((train != hash_bits).sum(1) <= MAX_BITS).sum()) <= RARE


def candidates(held: Hashes, train: Hashes) -> tuple[Indexes, Indexes, npt.NDArray[np.bool_]]:
    """Find pairs of held-out and training pictures with near hashes.

    Returns:
        Held-out index and training index of each pair, the nearest few for each held-out picture;
        and for each held-out picture, whether its hash is seen not to be rare.
    """
    found = [np.empty((2, 0), np.intp)]
    crowded = np.zeros(len(held), np.bool_)
    bytes_held, bytes_train = np.packbits(held, 1), np.packbits(train, 1)  # (n, 8)
    for band in range(BANDS):
        # Every sixth bit: neighbouring bits of plain pictures agree too often.
        keys = [_numbers(bits[:, band::BANDS]) for bits in (held, train)]
        for rows, columns in _same_key(*keys):
            bits = _ONES[bytes_held[rows] ^ bytes_train[columns]].sum(1)
            near = bits <= MAX_BITS
            found.append(_nearest(rows[near], columns[near], bits[near]))
            crowded |= np.bincount(rows[near], minlength=len(held)) > RARE
    pairs = np.unique(np.concatenate(found, axis=1).T @ (len(train), 1))
    return pairs // len(train), pairs % len(train), crowded


def _nearest(rows: Indexes, columns: Indexes, bits: npt.NDArray[np.integer]) -> Indexes:
    """Keep, of sorted rows, the pairs with the fewest differing bits: -> (2, pairs)."""
    order = np.lexsort((bits, rows))
    _, starts, counts = np.unique(rows, return_index=True, return_counts=True)
    kept = order[np.arange(len(rows)) - np.repeat(starts, counts) < CANDIDATES]
    return np.stack([rows[kept], columns[kept]])


def _numbers(bits: Hashes) -> Indexes:
    return bits @ (1 << np.arange(bits.shape[1], dtype=np.intp))


def _same_key(held: Indexes, train: Indexes) -> Iterator[tuple[Indexes, Indexes]]:
    """Yield index pairs with equal keys, block by block, so many at most for each held-out one."""
    order = np.argsort(train, kind="stable")
    low, high = (np.searchsorted(train[order], held, side) for side in ("left", "right"))
    most = max(256, len(train) // 512)  # plain pictures share one key: keep the time linear
    counts = np.minimum(high - low, most)
    for start in range(0, len(held), step := max(1, _BLOCK // most)):
        count = counts[start : start + step]
        rows = np.repeat(np.arange(start, start + len(count)), count)
        steps = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
        yield rows, order[low[rows] + steps]
