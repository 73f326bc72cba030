"""Resumable HTTP transfer of one file.

A server that honours ``Range`` continues where the file ends (RFC 9110, section 14). Any other sends
the whole file, and the transfer starts over. The caller checks whether the bytes are right.
"""

import errno
import http.client
import logging
import os
import time
import urllib.error
import urllib.request
from typing import IO

logger = logging.getLogger(__name__)

_CHUNK = 1 << 20  # bytes
_TIMEOUT = 30.0  # seconds without a byte
_REPORT_EVERY = 10.0  # seconds between two lines of the log
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
# Status codes after which the same request may succeed later.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


class TransferError(Exception):
    """The file could not be received; the message is the part of a sentence that says why."""


def transfer(url: str, file: IO[bytes], name: str, attempts: int = 4, pause: float = 1.0) -> None:
    """Append to a file, open in mode ``a+b``, what it still lacks of the contents of a URL.

    Gives up after so many `attempts` in a row that received nothing; `pause` is in seconds and doubles
    from one of them to the next. A TransferError says why it gave up, or that the server refuses; what
    was received stays in the file. An OSError is raised if the disk is full.
    """
    fruitless = 0
    while True:
        size = _size(file)
        try:
            if _receive(url, file, name):
                return
            reason = "the connection ended early"
        except urllib.error.HTTPError as error:
            reason = f"the server answers {error.code} {error.reason}"
            error.close()
            if error.code not in _PASSING:
                raise TransferError(reason) from None
        except urllib.error.URLError as error:
            reason = f"no connection: {error.reason}"
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, OSError) and error.errno in _DISK_FULL:
                raise
            reason = f"the connection broke: {error}"
        fruitless = 0 if _size(file) > size else fruitless + 1
        if fruitless >= attempts:
            raise TransferError(reason)
        delay = pause * 2 ** max(fruitless - 1, 0)
        logger.warning("%s: %s; next attempt in %g s", name, reason, delay)
        time.sleep(delay)


def _receive(url: str, file: IO[bytes], name: str) -> bool:
    """Make one request; return whether the file then has the length that the server stated, if any."""
    start = _size(file)
    request = urllib.request.Request(url, headers={"Accept-Encoding": "identity"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == 416 and start:  # there is nothing beyond our last byte
            error.close()
            return True
        raise
    with response:
        if start and not _continues(response, start):
            logger.info("%s: the server cannot continue a transfer, so it starts over", name)
            file.truncate(0)
            start = 0
        length = response.headers.get("Content-Length")
        total = None if length is None else start + int(length)
        _copy(response, file, name, start, total)
    return total is None or _size(file) == total


def _continues(response: http.client.HTTPResponse, start: int) -> bool:
    """Whether the server sends the bytes from `start` on rather than the whole file."""
    stated = response.headers.get("Content-Range", "")
    return response.status == 206 and stated.startswith(f"bytes {start}-")


def _copy(
    response: http.client.HTTPResponse, file: IO[bytes], name: str, done: int, total: int | None
) -> None:
    began = reported = time.monotonic()
    first = done
    while chunk := response.read(_CHUNK):
        file.write(chunk)
        done += len(chunk)
        now = time.monotonic()
        if now - reported >= _REPORT_EVERY or done == total:
            reported = now
            share = f" of {total / 1e6:.1f} ({done / total:.0%})" if total else ""
            speed = (done - first) / 1e6 / max(now - began, 1e-3)
            logger.info("%s: %.1f%s MB received, %.1f MB/s", name, done / 1e6, share, speed)


def _size(file: IO[bytes]) -> int:
    file.flush()
    return os.fstat(file.fileno()).st_size
