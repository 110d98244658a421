"""Downloads of published data sets: complete, checked, and resumed after a failure."""

import hashlib
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from data.idx_files import write_idx_folder
from edgecnn.data.catalog import read
from edgecnn.data.downloads import DOWNLOADS, Download, download
from edgecnn.data.idx import FILES, read_idx_folder
from edgecnn.errors import NotFound


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of this test's own, and no proxy on the way to loopback."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "cache" / "edgecnn"


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder and records the paths that are requested."""

    def __init__(self, asked: list[str], *args: object, **kwargs: object) -> None:
        self.asked = asked
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Print nothing."""


@dataclass
class Site:
    """A data set's files on a real server."""

    source: Download
    folder: Path
    cache: Path
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def site(tmp_path: Path, cache: Path) -> Iterator[Site]:
    folder = write_idx_folder(tmp_path / "site", [0, 1, 2, 1] * 6, [2, 1, 0], gzipped=True)
    digests = tuple(hashlib.md5((folder / file).read_bytes()).hexdigest() for file in FILES)
    asked: list[str] = []
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Handler, asked, directory=str(folder))
    ) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        source = Download(f"http://127.0.0.1:{server.server_port}/", digests)
        yield Site(source, folder, cache / "mine", asked)
        server.shutdown()
        thread.join()


def test_every_published_data_set_has_a_digest_for_each_of_its_four_files() -> None:
    assert set(DOWNLOADS) == {"mnist", "fashion-mnist", "kmnist"}
    for source in DOWNLOADS.values():
        assert source.url.endswith("/")
        assert [len(bytes.fromhex(digest)) for digest in source.md5] == [16] * len(FILES)


def test_a_download_gives_a_readable_folder(site: Site) -> None:
    folder = download("mine", site.source)
    assert folder == site.cache
    assert site.asked == [f"/{file}" for file in FILES]
    raw = read_idx_folder(folder, "mine")
    original = read_idx_folder(site.folder, "mine")
    np.testing.assert_array_equal(raw.train.frames, original.train.frames)
    assert raw.labels == ("0", "1", "2")


def test_a_second_download_does_not_ask_the_server(site: Site) -> None:
    first = download("mine", site.source)
    site.asked.clear()
    assert download("mine", site.source) == first
    assert site.asked == []


def test_only_a_missing_file_is_fetched_again(site: Site) -> None:
    folder = download("mine", site.source)
    site.asked.clear()
    (folder / FILES[2]).unlink()
    download("mine", site.source)
    assert site.asked == [f"/{FILES[2]}"]


def test_a_damaged_file_in_the_cache_is_fetched_again(site: Site) -> None:
    folder = download("mine", site.source)
    (folder / FILES[1]).write_bytes(b"damaged")
    site.asked.clear()
    download("mine", site.source)
    assert site.asked == [f"/{FILES[1]}"]
    assert (folder / FILES[1]).read_bytes() == (site.folder / FILES[1]).read_bytes()


def test_a_file_with_another_digest_is_refused_and_not_kept(site: Site) -> None:
    (site.folder / FILES[1]).write_bytes(b"not what was published")
    with pytest.raises(NotFound, match=f"{site.source.url}{FILES[1]}") as caught:
        download("mine", site.source)
    assert "MD5" in caught.value.what
    assert "does not match" in caught.value.what
    assert [path.name for path in site.cache.iterdir()] == [FILES[0]]


def test_a_file_that_the_server_lacks_is_not_found_and_named(site: Site) -> None:
    (site.folder / FILES[0]).unlink()
    with pytest.raises(NotFound, match=f"{site.source.url}{FILES[0]}") as caught:
        download("mine", site.source)
    assert "404" in caught.value.what


def test_a_download_goes_on_where_it_failed(site: Site) -> None:
    hidden = site.folder / "hidden"
    (site.folder / FILES[3]).rename(hidden)
    with pytest.raises(NotFound, match=FILES[3]):
        download("mine", site.source)
    hidden.rename(site.folder / FILES[3])
    site.asked.clear()
    download("mine", site.source)
    assert site.asked == [f"/{FILES[3]}"]


def test_a_server_that_is_not_there_is_named_and_the_bundled_digits_offered(cache: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        with pytest.raises(NotFound, match=f"{url}{FILES[0]}") as caught:
            download("mnist", replace(DOWNLOADS["mnist"], url=url))
    assert "refused" in caught.value.what.lower()
    assert "--data digits" in caught.value.remedy
    assert "EDGECNN_DATA" in caught.value.remedy
    assert not any(files for _, _, files in os.walk(cache))


def test_the_offered_folder_helps(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Download("http://127.0.0.1:9/", DOWNLOADS["mnist"].md5)
    with pytest.raises(NotFound) as caught:
        download("mnist", source)
    assert "a folder that holds mnist/" in caught.value.remedy
    write_idx_folder(tmp_path / "mnist", [0, 1], [1])
    monkeypatch.setenv("EDGECNN_DATA", str(tmp_path))
    assert len(read("mnist").train) == 2
