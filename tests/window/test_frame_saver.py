"""Frames that a person keeps from the window."""

import threading
from pathlib import Path

import numpy as np
from picture_folders import read_image_folder
from results import picture, result
from small_disk import small_disk

from edgecnn.collector.layout import Split
from edgecnn.collector.recording import Recording
from edgecnn.model.frame import Frame
from edgecnn.opencv import cv2, decode_picture
from edgecnn.runner.result import Result
from edgecnn.window.frame_saver import Folders, FrameSaver


def scene(seed: int) -> Frame:
    """Return a picture that is unlike those of other seeds: (240, 320, 3)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 9, 3), np.uint8)
    shown: Frame = cv2.resize(coarse, (320, 240), interpolation=cv2.INTER_NEAREST)
    return shown


class Saved:
    """A frame saver, and its message about each frame."""

    def __init__(self, folder: Path) -> None:
        self.messages: list[str] = []
        self._done = threading.Semaphore(0)
        self.saver = FrameSaver(Folders(folder / "shots", folder / "pictures"), self._on_done)

    def save(self, shown: Result, label: str = "") -> str:
        self.saver.save(shown, label)
        assert self._done.acquire(timeout=30)
        return self.messages[-1]

    def _on_done(self, note: str) -> None:
        self.messages.append(note)
        self._done.release()


def test_a_frame_is_saved_whole_under_a_name_that_tells_when_and_whence(tmp_path: Path) -> None:
    saved = Saved(tmp_path)
    message = saved.save(result(picture(1), source="camera", label="bee"))
    (path,) = (tmp_path / "shots").iterdir()
    assert path.name == "20270115T080000Z-000001-camera-bee.png"
    assert message == f"saved {path}"
    np.testing.assert_array_equal(decode_picture(path.read_bytes()), picture(1))
    saved.save(result(picture(1), source="camera", label="bee"))
    assert len(list((tmp_path / "shots").iterdir())) == 2


def test_labelled_frames_of_a_run_are_one_recording_of_their_label(tmp_path: Path) -> None:
    saved = Saved(tmp_path)
    for seed in range(3):
        saved.save(result(scene(seed)), "cup")
    saved.save(result(scene(9)), "Löffel")
    recordings = [
        Recording.from_json(path.read_text())
        for path in (tmp_path / "pictures" / "recordings").iterdir()
    ]
    assert {(each.label, each.split, len(each.hashes)) for each in recordings} == {
        ("cup", Split.TRAIN, 3),
        ("Löffel", Split.TRAIN, 1),
    }
    assert saved.messages[2] == "cup: picture 3 of this recording, in train"


def test_the_next_run_is_another_recording_for_validation_and_training_reads_both(
    tmp_path: Path,
) -> None:
    for seeds in ((1, 2), (3, 4)):
        saved = Saved(tmp_path)
        for label, shift in (("cup", 0), ("spoon", 10)):
            for seed in seeds:
                saved.save(result(scene(seed + shift)), label)
    raw = read_image_folder(tmp_path / "pictures", "kitchen")
    assert raw.labels == ("cup", "spoon")
    assert raw.validation is not None
    assert (len(raw.train), len(raw.validation)) == (4, 4)


def test_the_same_frame_again_is_not_kept_twice(tmp_path: Path) -> None:
    saved = Saved(tmp_path)
    saved.save(result(scene(1)), "cup")
    assert saved.save(result(scene(1)), "cup") == "cup: not kept, near duplicate"
    assert len(list((tmp_path / "pictures" / "train" / "cup").iterdir())) == 1


def test_a_label_that_is_no_folders_name_is_refused_and_the_next_is_kept(tmp_path: Path) -> None:
    saved = Saved(tmp_path)
    assert saved.save(result(scene(1)), "../up").startswith("not saved: --label is '../up'")
    assert saved.save(result(scene(1)), "up").startswith("up: picture 1")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pictures"]


def test_a_disk_that_is_full_is_reported_and_the_saver_goes_on(tmp_path: Path) -> None:
    with small_disk(tmp_path, "64k") as disk:
        saved = Saved(disk)
        assert saved.save(result(picture(1, 480, 640))).startswith("not saved: ")
        assert saved.save(result(picture(1, 8, 8))).startswith("saved ")
        assert len([path for path in disk.rglob("*") if path.is_file()]) == 1


def test_closing_waits_for_what_is_being_saved(tmp_path: Path) -> None:
    saved = Saved(tmp_path)
    saved.saver.save(result(picture(1)))
    saved.saver.close()
    assert len(list((tmp_path / "shots").iterdir())) == 1
