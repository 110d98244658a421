"""dHash: one bit for each pair of neighbours in a row."""

import numpy as np

from edgecnn.collector.difference_hash import COLUMNS, ROWS, difference_bits


def test_a_bit_says_that_a_cell_is_brighter_than_its_left_neighbour() -> None:
    cells = np.zeros((ROWS, COLUMNS), np.uint8)
    cells[1, 3] = 9
    (set_bits,) = np.nonzero(difference_bits(cells))
    assert set_bits.tolist() == [1 * (COLUMNS - 1) + 2]


def test_many_pictures_have_64_bits_each() -> None:
    cells = np.random.default_rng(0).integers(0, 256, (5, 2, ROWS, COLUMNS), np.uint8)
    bits = difference_bits(cells)
    assert bits.shape == (5, 2, 64)
    assert bits.dtype == np.bool_
    np.testing.assert_array_equal(bits[3, 1], difference_bits(cells[3, 1]))
