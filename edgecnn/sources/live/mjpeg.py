"""Motion JPEG: from bytes as they come, in any pieces, to one JPEG after the other.

What is cut off or not a JPEG comes out too, so that it can be counted: `decode_picture` says None.
"""

import re

from edgecnn.opencv import first_scan, is_complete_jpeg

MAX_PART = 32 * 2**20
"""Bytes of one picture; what grows beyond is thrown away as one corrupt picture."""
START, END = b"\xff\xd8", b"\xff\xd9"
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"^content-length:\s*(\d+)\s*$", re.IGNORECASE | re.MULTILINE)


class MultipartSplitter:
    """Splits multipart/x-mixed-replace, with or without Content-Length, or with a wrong one."""

    def __init__(self, boundary: str) -> None:
        # Cameras disagree on whether the two dashes belong to the boundary.
        self._delimiter = b"--" + boundary.strip('" ').lstrip("-").encode("latin-1", "replace")
        self._held = bytearray()
        self._length: int | None = None
        self._in_body = False
        self._searched = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes; return the parts that are complete now."""
        self._held += data
        parts: list[bytes] = []
        while self._step(parts):
            pass
        return parts

    def _step(self, parts: list[bytes]) -> bool:
        """Take one head or one body out of what is held; tell whether there may be more."""
        if not self._in_body:
            return self._take_head()
        part = self._take_body()
        if part is None:
            return False
        self._in_body, self._searched = False, 0
        parts.append(part)
        return True

    def _take_head(self) -> bool:
        start = self._held.find(self._delimiter)
        end = _HEAD_END.search(self._held, start) if start >= 0 else None
        if end is None:
            if len(self._held) > MAX_PART:
                self._held.clear()
            return False
        found = _LENGTH.search(self._held[start : end.start()].replace(b"\r", b""))
        self._length = int(found[1]) if found and int(found[1]) <= MAX_PART else None
        del self._held[: end.end()]
        self._in_body = True
        return True

    def _take_body(self) -> bytes | None:
        """Return the body if it is all there; a boundary inside a promised length cuts it short."""
        found, length = self._find_delimiter(), self._length
        if found >= 0 and (length is None or found < length):
            return self._cut(found).removesuffix(b"\n").removesuffix(b"\r")
        if length is not None:
            return self._cut(length) if len(self._held) >= length else None
        if len(self._held) > MAX_PART:
            return self._cut(len(self._held))[:0]
        # Without a length the boundary comes with the next picture, a frame too late.
        if self._held[-4:].rstrip(b"\r\n").endswith(END) and is_complete_jpeg(bytes(self._held)):
            return self._cut(len(self._held)).rstrip(b"\r\n")
        return None

    def _find_delimiter(self) -> int:
        found = self._held.find(self._delimiter, self._searched)
        if found < 0:
            self._searched = max(0, len(self._held) - len(self._delimiter))
        return found

    def _cut(self, size: int) -> bytes:
        part = bytes(self._held[:size])
        del self._held[:size]
        return part


class JpegSplitter:
    """Splits JPEGs that follow each other with nothing, or anything, between them."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes; return the pictures that are complete now, and what was cut off."""
        self._held += data
        parts: list[bytes] = []
        while (part := self._take()) is not None:
            parts.append(part)
        return parts

    def _take(self) -> bytes | None:
        start = self._held.find(START)
        del self._held[: start if start >= 0 else max(0, len(self._held) - 1)]
        if start < 0:
            return None
        scan = first_scan(self._held)
        if scan == 0:
            return None
        # In a scan 0xFF is stuffed: a start there means that the end of this picture was lost.
        again = self._held.find(START, max(scan, len(START)))
        end = self._held.find(END, scan) if scan > 0 else -1
        if again >= 0 and not 0 <= end < again:
            return self._cut(again)
        if end >= 0:
            return self._cut(end + len(END))
        return self._cut(len(self._held))[:0] if len(self._held) > MAX_PART else None

    def _cut(self, size: int) -> bytes:
        part = bytes(self._held[:size])
        del self._held[:size]
        return part
