"""dHash: 64 bits of an image that hardly change when it is scaled or compressed.

Source: N. Krawetz, "Kind of Like That", The Hacker Factor Blog, 2013.
"""

import numpy as np
import numpy.typing as npt

from edgecnn.model.frame import Frame

ROWS, COLUMNS = 8, 9
"""The image is shrunk to this grid."""


def difference_bits(cells: Frame) -> npt.NDArray[np.bool_]:
    """Return whether each cell is brighter than its left neighbour.

    Args:
        cells: (..., 8, 9) uint8 gray.

    Returns:
        (..., 64) bool, row by row.
    """
    bits: npt.NDArray[np.bool_] = cells[..., 1:] > cells[..., :-1]
    return bits.reshape(*cells.shape[:-2], ROWS * (COLUMNS - 1))
