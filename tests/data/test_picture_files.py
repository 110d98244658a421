"""Picture files are decoded in order, fitted one by one, and named when they are broken."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from picture_folders import as_nobody, encoded, picture, read_image_folder, scene, write_class

from edgecnn.data.catalog import InputOptions, load
from edgecnn.data.picture_files import FileList, PictureFile, escaped, outline, read_pictures
from edgecnn.model.frame import fit_frame
from edgecnn.model.spec import ModelSpec
from edgecnn.opencv import decode_picture

SPEC = ModelSpec(labels=("ant", "bee"), height=16, width=16, channels=1)


def listed(folder: Path, count: int) -> FileList:
    files = []
    for i in range(count):
        path = folder / f"{i}.png"
        path.write_bytes(encoded(scene(i, 20 + i, 30)))
        files.append(PictureFile(path, i % 2))
    return FileList("scenes", SPEC.labels, tuple(files[2:]), None, tuple(files[:2]), ("x: gone",))


def test_many_files_keep_their_order_labels_and_sizes(tmp_path: Path) -> None:
    files = listed(tmp_path, 100)
    raw = read_pictures(files)
    assert raw.train.labels.tolist() == [0, 1] * 49
    assert raw.train.origins is not None
    for file, frame, path, size in zip(
        files.train, raw.train.frames, raw.train.origins.paths, raw.train.origins.sizes, strict=True
    ):
        assert str(file.path) == path
        assert frame.shape[:2] == tuple(size)
        np.testing.assert_array_equal(frame, decode_picture(file.path.read_bytes()))


def test_pictures_fitted_while_reading_are_those_fitted_later(tmp_path: Path) -> None:
    files = listed(tmp_path, 20)
    (tmp_path / "7.png").write_bytes(b"broken")
    whole, fitted = read_pictures(files), read_pictures(files, SPEC)
    assert isinstance(fitted.train.frames, np.ndarray)
    assert fitted.train.frames.shape == (17, 16, 16, 1)
    for raw, frame in zip(whole.train.frames, fitted.train.frames, strict=True):
        np.testing.assert_array_equal(fit_frame(raw, SPEC), frame)
    assert whole.problems == fitted.problems == ("x: gone", f"{tmp_path / '7.png'}: broken")
    assert fitted.train.origins is not None
    assert fitted.train.origins.sizes[0].tolist() == [22, 30]


def test_an_outline_has_the_parts_and_labels_and_opens_no_file(tmp_path: Path) -> None:
    files = listed(tmp_path, 6)
    for path in tmp_path.iterdir():
        path.unlink()
    raw = outline(files)
    assert raw.train.labels.tolist() == [0, 1, 0, 1]
    assert raw.validation is None
    assert raw.test is not None
    assert len(raw.test) == 2
    assert raw.problems == files.problems


def test_a_file_that_vanishes_before_it_is_read_is_named(tmp_path: Path) -> None:
    files = listed(tmp_path, 6)
    (tmp_path / "4.png").unlink()
    raw = read_pictures(files)
    gone = f"{tmp_path / '4.png'}: cannot be read: No such file or directory"
    assert raw.problems == ("x: gone", gone)


def test_large_photographs_take_no_more_memory_than_fitted_ones(tmp_path: Path) -> None:
    photograph = encoded(scene(0, 1500, 2000), ".jpg")
    for i in range(40):
        (tmp_path / f"{i}.jpg").write_bytes(photograph)
    code = f"""
import resource
from pathlib import Path
from edgecnn.model.spec import ModelSpec
from edgecnn.data.picture_files import FileList, PictureFile, read_pictures
paths = sorted(Path({str(tmp_path)!r}).iterdir())
def read(paths):
    files = tuple(PictureFile(path, 0) for path in paths)
    return read_pictures(FileList('x', ('a', 'b'), files, None, None, ()),
                         ModelSpec(('a', 'b'), 32, 32, 3))
read(paths[:20])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert len(read(paths).train) == 40
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 100_000  # KiB; twenty more decoded pictures would be 175,000


def test_unprintable_characters_of_a_path_are_escaped() -> None:
    assert escaped("蜜蜂/Käfer 1.png") == "蜜蜂/Käfer 1.png"
    assert escaped("a\nb\udcff.png") == r"a\nb\udcff.png"


def test_pictures_are_read_as_they_were_written(tmp_path: Path) -> None:
    pixels = picture(7, 9, 13, 3)
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "one.png").write_bytes(encoded(pixels))
    raw = read_image_folder(tmp_path, "one")
    np.testing.assert_array_equal(raw.train.frames[0], pixels)


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"])
def test_every_usual_format_is_read(suffix: str, tmp_path: Path) -> None:
    for label in ("a", "b"):
        write_class(tmp_path / label, 1, suffix)
    raw = read_image_folder(tmp_path, "formats")
    assert (len(raw.train), raw.problems) == (2, ())


@pytest.mark.parametrize("channels", [1, 3], ids=["gray", "colour"])
def test_gray_pictures_become_three_channels(channels: int, tmp_path: Path) -> None:
    pixels = picture(1, 40, 40, channels)
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        for i in range(10):
            (tmp_path / label / f"{i}.png").write_bytes(encoded(pixels))
    data, spec = load(str(tmp_path), InputOptions())
    assert spec.shape == (32, 32, 3)
    assert np.asarray(data.train.frames).shape[1:] == (32, 32, 3)
    colour = pixels if channels > 1 else pixels.repeat(3, axis=2)
    wanted = fit_frame(np.ascontiguousarray(colour), spec)
    np.testing.assert_array_equal(data.train.frames[0], wanted)


def test_every_unusable_file_is_counted(animals: Path) -> None:
    bad = [animals / "train" / "ant" / f"{i}.jpg" for i in range(10, 22)]
    for path in bad:
        path.write_bytes(b"broken")
    raw = read_image_folder(animals, "animals")
    assert set(raw.problems) == {f"{path}: broken" for path in bad}
    assert len(raw.problems) == 12


def test_a_file_that_may_not_be_read_is_named_with_the_reason(open_animals: Path) -> None:
    path = open_animals / "train" / "ant" / "0.png"
    path.chmod(0)
    with as_nobody():
        raw = read_image_folder(open_animals, "animals")
    assert raw.problems == (f"{path}: cannot be read: Permission denied",)
    assert np.bincount(raw.train.labels).tolist() == [2, 4]


def test_names_that_are_no_text_are_shown_and_can_be_stored(animals: Path) -> None:
    folder = os.fsencode(animals / "train" / "ant")
    for name in (b"\xff\xfe.png", b"new\nline.png"):
        Path(os.fsdecode(folder + b"/" + name)).write_bytes(b"broken")
    raw = read_image_folder(animals, "animals")
    assert len(raw.problems) == 2
    for problem in raw.problems:
        assert problem.isprintable()
        assert problem.encode().endswith(b".png: broken")
    assert any(r"new\nline.png" in problem for problem in raw.problems)


def test_every_picture_is_known_by_its_file_and_size(animals: Path) -> None:
    (animals / "train" / "ant" / "2.png").write_bytes(encoded(picture(9, 7, 5, 3)))
    raw = read_image_folder(animals, "animals")
    origins = raw.train.origins
    assert origins is not None
    assert origins.paths[2] == str(animals / "train" / "ant" / "2.png")
    assert origins.sizes[1:3].tolist() == [[20, 24], [7, 5]]
    taken = raw.train.take(np.array([2])).origins
    assert taken is not None
    assert taken.sizes.tolist() == [[7, 5]]
