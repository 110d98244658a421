"""`measure`: a report of one model, or of two side by side, from real calls."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import onnx
import pytest
from conftest import real_data

from edgecnn.bench.measure import BenchReport, measure
from edgecnn.errors import NotFound, OptionError, ProviderError
from edgecnn.inference.machine import describe_machine
from edgecnn.model import digest
from edgecnn.model.golden import Golden
from edgecnn.model.model_file import read_model
from edgecnn.opencv import cv2, encode_png


@pytest.fixture(scope="module")
def one(int8: Path) -> BenchReport:
    return measure(int8, rounds=20)


@pytest.fixture(scope="module")
def two(fp32: Path, int8: Path) -> BenchReport:
    return measure(fp32, int8, rounds=30, threads=2)


def test_a_report_of_one_model_says_which_file_it_was(one: BenchReport, int8: Path) -> None:
    (row,) = one.models
    model = read_model(int8)
    assert (row.model, row.form, row.digest) == ("small", "int8", model.digest)
    assert row.size_kib == pytest.approx(model.size_kib, abs=0.1)


def test_a_report_of_one_model_has_no_ratio(one: BenchReport) -> None:
    assert one.ratio is None


def test_every_round_is_a_call(one: BenchReport, two: BenchReport) -> None:
    assert [row.latency.calls for row in (*one.models, *two.models)] == [20, 30, 30]


def test_percentiles_are_in_order(two: BenchReport) -> None:
    for row in two.models:
        assert 0 < row.latency.p50_ms <= row.latency.p90_ms <= row.latency.p99_ms


def test_a_report_says_what_was_timed_where(one: BenchReport) -> None:
    assert (one.frames, one.provider, one.threads) == (
        "the models' golden frames as 640x480 frames",
        "cpu",
        1,
    )
    assert one.machine == describe_machine()


def test_two_models_are_compared_in_the_order_given(two: BenchReport) -> None:
    assert [row.form for row in two.models] == ["fp32", "int8"]
    assert two.threads == 2


def test_two_models_have_one_ratio_over_all_rounds(two: BenchReport) -> None:
    ratio = two.ratio
    assert ratio
    assert 0 < ratio.low <= ratio.median <= ratio.high
    assert ratio.rounds == 30


def test_a_report_travels_as_json(two: BenchReport) -> None:
    assert BenchReport.from_json(two.to_json(indent=1)) == two


def test_frames_may_come_from_a_video(int8: Path) -> None:
    video = str(real_data("video", "bottle-detection.mp4"))
    report = measure(int8, source=video, rounds=10)
    assert report.frames == video
    assert report.models[0].latency.calls == 10


def test_frames_may_come_from_a_source_without_end(int8: Path) -> None:
    assert measure(int8, source="pattern", rounds=10).frames == "pattern"


def test_frames_may_come_from_fewer_pictures_than_rounds(int8: Path, tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(encode_png(np.zeros((40, 60, 3), np.uint8)))
    assert measure(int8, source=str(tmp_path), rounds=10).models[0].latency.calls == 10


@pytest.mark.parametrize("rounds", [9, 0, -1])
def test_fewer_than_ten_rounds_are_refused(int8: Path, rounds: int) -> None:
    with pytest.raises(OptionError, match=f"rounds is {rounds}") as refusal:
        measure(int8, rounds=rounds)
    assert "10 or more" in refusal.value.remedy


def test_a_model_without_golden_frames_needs_a_source(int8: Path, tmp_path: Path) -> None:
    model = onnx.load_from_string(int8.read_bytes())
    for entry in model.metadata_props:
        if entry.key == digest.GOLDEN_KEY:
            entry.value = Golden().to_json()
        if entry.key == digest.DIGEST_KEY:
            entry.value = digest.NO_DIGEST
    path = tmp_path / "plain.onnx"
    path.write_bytes(digest.with_digest(model.SerializeToString()))
    with pytest.raises(OptionError, match=r"plain\.onnx has no frames") as refusal:
        measure(path, rounds=10)
    assert "--source" in refusal.value.remedy
    assert measure(path, source="pattern", rounds=10).frames == "pattern"


def test_a_second_model_that_is_not_there_is_not_found(int8: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"absent\.onnx"):
        measure(int8, tmp_path / "absent.onnx", rounds=10)


def test_an_unknown_provider_is_refused(int8: Path) -> None:
    with pytest.raises(ProviderError, match="no provider 'warp'"):
        measure(int8, rounds=10, provider="warp")


class _Camera(BaseHTTPRequestHandler):
    """An IP camera that never hangs up."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
        self.end_headers()
        _, jpeg = cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))
        head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {jpeg.size}\r\n\r\n"
        part = head.encode() + jpeg.tobytes() + b"\r\n"
        try:
            while True:
                self.wfile.write(part)
        except OSError:
            return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its own name)
        """Say nothing."""


@pytest.fixture
def camera_port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Camera) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_a_report_keeps_no_password_of_a_camera(int8: Path, camera_port: int) -> None:
    report = measure(int8, source=f"http://u:secret@127.0.0.1:{camera_port}/", rounds=10)
    assert report.frames == f"http://127.0.0.1:{camera_port}/"
    assert "secret" not in report.to_json()
