"""Splits motion JPEG into single pictures; the bytes may arrive in chunks of any size.

Parts that are truncated or not JPEG are returned too, so that they can be counted: `decode_picture`
returns None for them.
"""

import re

from edgecnn.opencv import first_scan, is_complete_jpeg

MAX_PART = 32 * 2**20
"""Most bytes of one picture; a larger one is discarded, and counts as one corrupt picture."""
START, END = b"\xff\xd8", b"\xff\xd9"
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"^content-length:\s*(\d+)\s*$", re.IGNORECASE | re.MULTILINE)


class MultipartSplitter:
    """Splits multipart/x-mixed-replace; Content-Length may be missing or wrong."""

    def __init__(self, boundary: str) -> None:
        # Some cameras include the two leading dashes in the boundary parameter, others do not.
        self._delimiter = b"--" + boundary.strip('" ').lstrip("-").encode("latin-1", "replace")
        self._buffer = bytearray()
        self._length: int | None = None
        """Content-Length of the current part."""
        self._in_body = False
        self._searched = 0
        """So many bytes of the body hold no delimiter."""

    def feed(self, data: bytes) -> list[bytes]:
        """Add the next bytes; return the parts that are complete now."""
        self._buffer += data
        parts: list[bytes] = []
        while self._in_body or self._take_header():
            part = self._take_body()
            if part is None:
                break
            self._in_body, self._searched = False, 0
            parts.append(part)
        return parts

    def _take_header(self) -> bool:
        """Remove a part's header from the buffer; return whether there was a complete one."""
        start = self._buffer.find(self._delimiter)
        end = _HEADER_END.search(self._buffer, start) if start >= 0 else None
        if end is None:
            if len(self._buffer) > MAX_PART:
                self._buffer.clear()
            return False
        found = _LENGTH.search(self._buffer[start : end.start()].replace(b"\r", b""))
        self._length = int(found[1]) if found and int(found[1]) <= MAX_PART else None
        del self._buffer[: end.end()]
        self._in_body = True
        return True

    def _take_body(self) -> bytes | None:
        """Return the body if it is complete; a boundary ends it, even before Content-Length."""
        found, length = self._find_delimiter(), self._length
        if found >= 0 and (length is None or found < length):
            return _cut(self._buffer, found).removesuffix(b"\n").removesuffix(b"\r")
        if length is not None:
            return _cut(self._buffer, length) if len(self._buffer) >= length else None
        if len(self._buffer) > MAX_PART:
            return _cut(self._buffer, len(self._buffer))[:0]
        # Without Content-Length, waiting for the boundary would delay each picture by one frame.
        if self._buffer[-4:].rstrip(b"\r\n").endswith(END) and is_complete_jpeg(
            bytes(self._buffer)
        ):
            return _cut(self._buffer, len(self._buffer)).rstrip(b"\r\n")
        return None

    def _find_delimiter(self) -> int:
        found = self._buffer.find(self._delimiter, self._searched)
        if found < 0:
            self._searched = max(0, len(self._buffer) - len(self._delimiter))
        return found


class JpegSplitter:
    """Splits concatenated JPEGs; bytes between them are skipped."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Add the next bytes; return the pictures that are complete now, and truncated ones."""
        self._buffer += data
        parts: list[bytes] = []
        while (part := self._take()) is not None:
            parts.append(part)
        return parts

    def _take(self) -> bytes | None:
        start = self._buffer.find(START)
        del self._buffer[: start if start >= 0 else max(0, len(self._buffer) - 1)]
        if start < 0:
            return None
        scan = first_scan(self._buffer)
        if scan == 0:
            return None
        # Inside a scan 0xFF is escaped: a start marker there means that this picture is truncated.
        again = self._buffer.find(START, max(scan, len(START)))
        end = self._buffer.find(END, scan) if scan > 0 else -1
        if again >= 0 and not 0 <= end < again:
            return _cut(self._buffer, again)
        if end >= 0:
            return _cut(self._buffer, end + len(END))
        return _cut(self._buffer, len(self._buffer))[:0] if len(self._buffer) > MAX_PART else None


def _cut(buffer: bytearray, size: int) -> bytes:
    """Remove and return the first bytes."""
    part = bytes(buffer[:size])
    del buffer[:size]
    return part
