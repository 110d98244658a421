"""From file lists to pixels, without holding more than is needed."""

import subprocess
import sys
from pathlib import Path

import numpy as np
from picture_folders import encoded, scene

from edgecnn.data.picture_files import FileList, PictureFile, outline, read_pictures, shown
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


def test_a_path_is_shown_as_printable_text() -> None:
    assert shown("蜜蜂/Käfer 1.png") == "蜜蜂/Käfer 1.png"
    assert shown("a\nb\udcff.png") == r"a\nb\udcff.png"
