"""Reads a camera that sends motion JPEG over HTTP."""

import base64
import http.client
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email.message import Message
from urllib.parse import SplitResult, unquote, urlsplit

from edgecnn.errors import SourceError
from edgecnn.sources.live.mjpeg import MultipartSplitter
from edgecnn.text import printable

CHUNK = 2**16


@dataclass(frozen=True)
class HttpStream:
    """A response whose body is a multipart stream."""

    response: http.client.HTTPResponse
    splitter: MultipartSplitter

    def read(self) -> Iterator[bytes]:
        """Yield bytes as they arrive.

        Raises:
            SourceError: The camera closed the connection, or sent nothing for too long.
        """
        try:
            while chunk := self.response.read1(CHUNK):
                yield chunk
        except (OSError, http.client.HTTPException) as error:
            raise _lost(f"the connection broke: {_reason(error)}") from error
        raise _lost("the camera hung up")


@contextmanager
def open_http(url: str, limit_s: float) -> Generator[HttpStream | None, None, None]:
    """Request a stream; yield None if the response is not motion JPEG, which FFmpeg may read.

    Args:
        url: With user and password if the camera needs them (Basic; Digest is left to FFmpeg).
        limit_s: Time limit of connecting and of each read, in seconds.

    Raises:
        SourceError: The connection failed, or the camera refused the request.
    """
    parts = urlsplit(url)
    with closing(_connect(parts, limit_s)) as connection:
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", target, headers=_headers(parts))
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise _lost(f"no connection: {_reason(error)}") from error
        with closing(response):
            boundary = _boundary(response)
            yield HttpStream(response, MultipartSplitter(boundary)) if boundary else None


def _connect(parts: SplitResult, limit_s: float) -> http.client.HTTPConnection:
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _lost("the address has no readable port") from error
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(host, port, timeout=limit_s)


def _headers(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _boundary(response: http.client.HTTPResponse) -> str:
    """Return the boundary of a multipart response; empty for one that is left to FFmpeg."""
    wants_digest = "digest" in (response.getheader("WWW-Authenticate") or "").lower()
    if response.status == http.client.UNAUTHORIZED and wants_digest:
        return ""
    if response.status != http.client.OK:
        raise SourceError(
            f"the camera answers {response.status} {printable(response.reason)}",
            remedy="check the address, and user and password: http://USER:PASSWORD@CAMERA/...",
        )
    kind = Message()
    kind["Content-Type"] = response.getheader("Content-Type") or ""
    if kind.get_content_maintype() != "multipart":
        return ""
    return kind.get_boundary() or "--"


def _lost(what: str) -> SourceError:
    return SourceError(what, remedy="check the address, the camera, cable and network")


def _reason(error: Exception) -> str:
    return printable(str(error) or type(error).__name__)
