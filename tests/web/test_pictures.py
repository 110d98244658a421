"""Pictures for viewers."""

import numpy as np
import pytest

from edgecnn.model.frame import Frame, fit_frame
from edgecnn.model.spec import Fit, ModelSpec
from edgecnn.opencv import decode_picture
from edgecnn.sources.region import WHOLE, Region
from edgecnn.web.pictures import LARGE, encode, placeholder, visible_part

SHAPES = {
    "gray": (48, 64),
    "gray with an axis": (48, 64, 1),
    "BGR": (48, 64, 3),
    "BGRA": (48, 64, 4),
    "one pixel": (1, 1, 3),
    "a line": (1, 3000, 3),
    "large": (2160, 3840, 3),
    "tall": (1920, 1080, 3),
}


def decode(jpeg: bytes) -> Frame:
    frame = decode_picture(jpeg)
    assert frame is not None
    return frame


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_frame_becomes_a_jpeg_that_is_not_too_large(shape: tuple[int, ...]) -> None:
    height, width = shape[:2]
    found = decode(encode(np.full(shape, 90, np.uint8)))
    assert max(found.shape[:2]) == min(LARGE, max(height, width))
    assert found.shape[0] == max(1, round(height * found.shape[1] / width))
    assert abs(float(found.mean()) - 90) < 4


def test_the_placeholder_is_dark_and_says_something() -> None:
    found = decode(placeholder("no frame for 7 s"))
    assert float(np.median(found)) < 60
    assert found.max() > 150
    assert placeholder("no frame for 7 s") != placeholder("no frame for 8 s")


def spec(fit: Fit, height: int = 32, width: int = 32) -> ModelSpec:
    return ModelSpec(("a", "b"), height, width, 1, fit)


@pytest.mark.parametrize("region", [WHOLE, Region(0.1, 0.2, 0.5, 0.4)], ids=["whole", "region"])
@pytest.mark.parametrize("shape", [(480, 640), (640, 480), (100, 100), (90, 700)], ids=str)
@pytest.mark.parametrize("target", [(32, 32), (24, 48), (48, 24)], ids=str)
def test_what_is_seen_of_a_frame_is_what_is_fitted(
    region: Region, shape: tuple[int, int], target: tuple[int, int]
) -> None:
    rules = spec(Fit.CROP, *target)
    left, top, width, height = visible_part(rules, region, *shape)

    def lit(slack: float) -> Frame:
        """Return a frame that is white in what is seen, and by a share of it further."""
        frame = np.zeros(shape, np.uint8)
        across, down = slack * width, slack * height
        rows = slice(
            max(0, round((top - down) * shape[0])), round((top + height + down) * shape[0])
        )
        columns = slice(
            max(0, round((left - across) * shape[1])), round((left + width + across) * shape[1])
        )
        frame[rows, columns] = 255
        return fit_frame(region.crop(frame), rules)

    assert lit(0.02).min() == 255
    edges = lit(-0.1)
    assert max(edges[0].max(), edges[-1].max(), edges[:, 0].max(), edges[:, -1].max()) == 0


@pytest.mark.parametrize("fit", [Fit.STRETCH, Fit.LETTERBOX])
def test_where_nothing_is_cropped_the_whole_region_is_seen(fit: Fit) -> None:
    assert visible_part(spec(fit), WHOLE, 480, 640) == (0, 0, 1, 1)
    assert visible_part(spec(fit), Region(0.25, 0.5, 0.5, 0.5), 480, 640) == (0.25, 0.5, 0.5, 0.5)
