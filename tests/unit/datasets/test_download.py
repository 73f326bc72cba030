"""Downloads, from a server on this machine: resumed, restarted, cut off, wrong, by several processes at once."""

import hashlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

import sparsetopo.datasets
from sparsetopo.datasets import http as _http
from sparsetopo.datasets.download import RemoteArchive, fetch
from sparsetopo.datasets.files import DataFiles
from sparsetopo.errors import DataError

CONTENT = np.random.default_rng(0).bytes(3_000_000)
LIBRARY = Path(sparsetopo.datasets.__file__).parents[2]


class Server(ThreadingHTTPServer):
    """Sends `content`; how is set by its attributes."""

    content = CONTENT
    honours_ranges = True
    cuts: list[int]  # of the next answers, how many bytes before the connection closes
    failures: list[int]  # status of the next answers
    delay = 0.0  # seconds after every 100,000 bytes

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.cuts, self.failures, self.asked = [], [], []

    @property
    def archive(self):
        url = f"http://127.0.0.1:{self.server_address[1]}/archive.zip"
        return RemoteArchive(url, "archive.zip", hashlib.md5(CONTENT).hexdigest(), "archive")


class Handler(BaseHTTPRequestHandler):
    """Answers as its server is set."""

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        server = self.server
        wanted = self.headers.get("Range")
        server.asked.append(wanted)
        if server.failures:
            self.send_error(server.failures.pop(0))
            return
        start = 0
        if wanted and server.honours_ranges:
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted).group(1))
            if start >= len(server.content):
                self.send_error(416)
                return
            self.send_response(206)
            last = len(server.content) - 1
            self.send_header("Content-Range", f"bytes {start}-{last}/{last + 1}")
        else:
            self.send_response(200)
        body = server.content[start:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        body = body[: server.cuts.pop(0)] if server.cuts else body
        try:
            for first in range(0, len(body), 100_000):
                self.wfile.write(body[first : first + 100_000])
                time.sleep(server.delay)
        except OSError:
            pass  # the client was killed


@pytest.fixture
def server():
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    """Record the pauses between attempts instead of waiting."""
    taken = []

    class Clock:
        monotonic = staticmethod(time.monotonic)
        sleep = staticmethod(taken.append)

    monkeypatch.setattr(_http, "time", Clock)
    return taken


@pytest.fixture
def part(tmp_path):
    return tmp_path / "archive.zip.part"


def test_a_file_is_downloaded_once(server, tmp_path):
    files = DataFiles(tmp_path / "new" / "folder")
    path = fetch(server.archive, files)
    assert path == tmp_path / "new/folder/archive.zip"
    assert path.read_bytes() == CONTENT
    assert fetch(server.archive, files) == path
    assert server.asked == [None]
    assert os.listdir(path.parent) == ["archive.zip"]


def test_a_part_is_continued(server, tmp_path, part):
    part.write_bytes(CONTENT[:1_234_567])
    assert fetch(server.archive, DataFiles(tmp_path)).read_bytes() == CONTENT
    assert server.asked == ["bytes=1234567-"]
    assert not part.exists()


def test_connections_that_break_are_continued(server, tmp_path, pauses):
    server.cuts = [1_000_000, 500_000, 0, 0, 700_000]
    assert fetch(server.archive, DataFiles(tmp_path)).read_bytes() == CONTENT
    places = [
        None,
        *(f"bytes={n}-" for n in (1_000_000, 1_500_000, 1_500_000, 1_500_000, 2_200_000)),
    ]
    assert server.asked == places
    # Longer after fruitless attempts, short again after one that brought something.
    assert pauses == [1, 1, 1, 2, 1]


def test_a_server_without_ranges_begins_anew(server, tmp_path, part):
    server.honours_ranges = False
    part.write_bytes(b"x" * 100)
    assert fetch(server.archive, DataFiles(tmp_path)).read_bytes() == CONTENT
    assert server.asked == ["bytes=100-"]


def test_a_part_with_wrong_bytes_is_thrown_away(server, tmp_path, part):
    part.write_bytes(b"x" * 100)
    assert fetch(server.archive, DataFiles(tmp_path)).read_bytes() == CONTENT
    assert server.asked == ["bytes=100-", None]


@pytest.mark.parametrize("content", [CONTENT, CONTENT + b"x", b"x" * len(CONTENT)])
def test_a_part_as_long_as_the_file_or_longer(server, tmp_path, part, content):
    part.write_bytes(content)
    assert fetch(server.archive, DataFiles(tmp_path)).read_bytes() == CONTENT
    assert len(server.asked) == (1 if content == CONTENT else 2)


def test_passing_failures_are_tried_again_and_others_not(server, tmp_path):
    server.failures = [503, 500]
    fetch(server.archive, DataFiles(tmp_path / "first"))
    assert len(server.asked) == 3
    server.failures = [404]
    with pytest.raises(DataError, match=r"failed \(the server answers 404 Not Found\)"):
        fetch(server.archive, DataFiles(tmp_path / "second"))
    assert os.listdir(tmp_path / "second") == []


def test_another_file_than_the_published_one_is_refused(server, tmp_path):
    server.content = CONTENT[:-1] + b"?"
    found = hashlib.md5(server.content).hexdigest()
    with pytest.raises(DataError, match=f"what it sends has MD5 {found}, not {server.archive.md5}"):
        fetch(server.archive, DataFiles(tmp_path))
    assert os.listdir(tmp_path) == []


def test_what_was_received_before_it_is_given_up_stays(server, tmp_path, part, pauses):
    server.cuts = [1_000_000, 0, 0, 0, 0]
    with pytest.raises(DataError, match=r"failed \((the connection|no connection)"):
        fetch(server.archive, DataFiles(tmp_path))
    assert part.read_bytes() == CONTENT[:1_000_000]
    assert pauses == [1, 1, 2, 4]
    assert fetch(server.archive, DataFiles(tmp_path)).read_bytes() == CONTENT
    assert server.asked[-1] == "bytes=1000000-"


def test_no_network(tmp_path, pauses):
    # The port of a server that has gone: nobody listens there.
    with Server() as gone:
        archive = gone.archive
    with pytest.raises(DataError) as caught:
        fetch(archive, DataFiles(tmp_path / "data"))
    message = str(caught.value)
    assert f"{tmp_path / 'data'}: holds neither the folder 'archive' nor 'archive.zip'" in message
    assert f"downloading it from {archive.url} failed (no connection: " in message
    assert f"MD5 {archive.md5}" in message
    assert "compute.data_folder" in message
    assert len(pauses) == 3


def test_downloading_switched_off(server, tmp_path):
    with pytest.raises(DataError, match=r"holds neither .* downloading is off .* put one of them"):
        fetch(server.archive, DataFiles(tmp_path, download=False))
    assert server.asked == []
    (tmp_path / "archive.zip").write_bytes(CONTENT)
    assert fetch(server.archive, DataFiles(tmp_path, download=False)).read_bytes() == CONTENT


def test_a_damaged_archive_that_lies_there_is_named_and_kept(server, tmp_path):
    path = tmp_path / "archive.zip"
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(DataError, match=r"archive\.zip: has MD5 .* damaged .* delete it"):
        fetch(server.archive, DataFiles(tmp_path))
    assert path.read_bytes() == CONTENT[:-1]
    assert server.asked == []


def test_a_place_that_cannot_be_written(server, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match="it cannot be written there"):
        fetch(server.archive, DataFiles(tmp_path / "file" / "data"))


def test_a_full_disk_is_not_taken_for_a_broken_connection(server, pauses):
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    with (
        open("/dev/full", "wb", buffering=0) as full,
        pytest.raises(OSError, match="No space left"),
    ):
        _http.transfer(server.archive.url, full, "archive.zip")
    assert (len(server.asked), pauses) == (1, [])


def start_process(server, folder):
    code = (
        "import sys; from pathlib import Path;"
        "from sparsetopo.datasets.download import RemoteArchive, fetch;"
        "from sparsetopo.datasets.files import DataFiles;"
        "fetch(RemoteArchive(*sys.argv[2:]), DataFiles(Path(sys.argv[1])))"
    )
    archive = server.archive
    arguments = [str(folder), archive.url, archive.filename, archive.md5, archive.unpacked]
    environment = os.environ | {"PYTHONPATH": str(LIBRARY)}
    return subprocess.Popen([sys.executable, "-c", code, *arguments], env=environment)


def test_processes_that_start_together_download_once(server, tmp_path):
    server.delay = 0.03
    processes = [start_process(server, tmp_path) for _ in range(3)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
    assert server.asked == [None]
    assert (tmp_path / "archive.zip").read_bytes() == CONTENT
    assert os.listdir(tmp_path) == ["archive.zip"]


def test_a_killed_process_leaves_a_part_that_is_continued(server, tmp_path, part):
    server.delay = 0.1
    process = start_process(server, tmp_path)
    deadline = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size > 0):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = part.stat().st_size
    server.delay = 0
    assert 0 < kept < len(CONTENT)
    assert fetch(server.archive, DataFiles(tmp_path)).read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={kept}-"]
