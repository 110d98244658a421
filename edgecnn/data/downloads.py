"""Published data sets that are downloaded when they are not on this machine."""

from dataclasses import dataclass
from pathlib import Path

from edgecnn.data.idx import FILES
from edgecnn.errors import NotFound

CONNECT_SECONDS, READ_SECONDS = 4, 30
"""Time-outs of a download; without a network it fails after the first."""

BUNDLED = "digits"
"""The data set that comes with scikit-learn and needs no download."""


@dataclass(frozen=True)
class Download:
    """Where an MNIST-format data set is published, and the MD5 digests published with it."""

    url: str
    md5: tuple[str, ...]
    """One for each of `FILES`, in that order."""


# Source: torchvision.datasets.mnist of pytorch/vision.
DOWNLOADS = {
    "mnist": Download(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        (
            "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "d53e105ee54ea40749a09fcbcd1e9432",
            "9fb629c4189551a2d022fa330f9573f3",
            "ec29112dd5afa0611ce80d1b7f02629c",
        ),
    ),
    "fashion-mnist": Download(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        (
            "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "25c81989df183df01b3e8a0aad5dffbe",
            "bef4ecab320f06d8554ea6380940ec79",
            "bb300cfdad3c16e7a12a480ee83cd310",
        ),
    ),
    "kmnist": Download(
        "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        (
            "bdb82020997e1d708af4cf47b453dcf7",
            "e144d726b3acfaa3e44228e80efcd344",
            "5c965bf0a639b31b8f53240b1b52f4d7",
            "7320c461ea6c1c855c0b718fb2a4b134",
        ),
    ),
}


def download(name: str, source: Download) -> Path:
    """Download the files of a data set that the cache lacks, and check their digests.

    Returns:
        The data set's folder in the user's cache.

    Raises:
        NotFound: A file cannot be downloaded; those that are complete stay in the cache.
    """
    import pooch
    from platformdirs import user_cache_path

    folder = user_cache_path("edgecnn") / name
    pooch.get_logger().setLevel("ERROR")
    # Not streamed: pooch leaves the connection of a failed stream open.
    fetch = pooch.HTTPDownloader(timeout=(CONNECT_SECONDS, READ_SECONDS), stream=False)
    for file, md5 in zip(FILES, source.md5, strict=True):
        try:
            pooch.retrieve(source.url + file, f"md5:{md5}", file, folder, downloader=fetch)
        except (OSError, ValueError) as error:  # errors of requests are OSErrors
            raise NotFound(
                f"{name} is not on this machine and {source.url}{file} cannot be downloaded: "
                f"{_root_cause(error)}",
                remedy=f"set EDGECNN_DATA to a folder that holds {name}/, or use --data {BUNDLED}",
            ) from error
    return folder


def _root_cause(error: BaseException) -> str:
    """Return the message of the innermost error, which the libraries have wrapped several times."""
    while error.__context__ is not None:
        error = error.__context__
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
