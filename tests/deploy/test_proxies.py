"""nginx and Caddy with the files of deploy/: a live stream passes at once, a reader cannot state an address, a dead collector is
passed over. Real proxies, two real servers behind them.
"""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from cluster import Missing, programs
from tests.deploy.files import DEPLOY

pytestmark = pytest.mark.cluster  # it needs the fetched programs
STREAM_SECONDS = 20.0


class Collector(BaseHTTPRequestHandler):
    """Answers its headers; below /stream one line, and then nothing for long."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        if self.path == "/stream":
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            self.wfile.write(b"data: first\n\n")
            self.wfile.flush()
            self.server.leave.wait(STREAM_SECONDS)  # type: ignore[attr-defined]  # set below
            self.close_connection = True
            return
        body = json.dumps(dict(self.headers)).encode()
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *what: object) -> None:
        """Nothing to say."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def collectors() -> Iterator[list[ThreadingHTTPServer]]:
    leave = threading.Event()
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Collector) for _ in range(2)]
    threads = []
    for server in servers:
        server.leave = leave  # type: ignore[attr-defined]
        server.daemon_threads = True
        threads.append(threading.Thread(target=server.serve_forever, args=(0.05,)))
        threads[-1].start()
    yield servers
    leave.set()
    for server in servers:
        server.shutdown()
        server.server_close()
    for thread in threads:
        thread.join()


def nginx(folder: Path, port: int, upstreams: list[int]) -> list[str]:
    """nginx's file as it is, but for what a machine of tests cannot have: a certificate, names, port 443."""
    text = (DEPLOY / "proxy" / "nginx.conf").read_text()
    lines = [line for line in text.splitlines() if not line.strip().startswith("ssl_certificate")]
    text = "\n".join(lines).replace("listen 443 ssl http2;", f"listen 127.0.0.1:{port};")
    for number, upstream in enumerate(upstreams):
        assert f"collector-{number}:8787" in text
        text = text.replace(f"collector-{number}:8787", f"127.0.0.1:{upstream}")
    temporary = "\n".join(f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "footfall.conf").write_text(text)
    around = f"daemon off; master_process off; pid {folder}/pid; error_log stderr; events {{}}\n"
    (folder / "nginx.conf").write_text(f"{around}http {{ access_log off; {temporary} include footfall.conf; }}\n")
    command = [programs.proxy("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    return command


def caddy(folder: Path, port: int, upstreams: list[int]) -> list[str]:
    """Caddy's file as it is, with names that this machine has."""
    text = (DEPLOY / "proxy" / "Caddyfile").read_text()
    for number, upstream in enumerate(upstreams):
        assert f"collector-{number}:8787" in text
        text = text.replace(f"collector-{number}:8787", f"127.0.0.1:{upstream}")
    text = text.replace("{$SITE_ADDRESS}", f"http://127.0.0.1:{port}")
    (folder / "Caddyfile").write_text("{\n\tadmin off\n\tauto_https off\n}\n" + text)
    command = [programs.proxy("caddy"), "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]
    checked = subprocess.run([command[0], "validate", *command[2:]], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    return command


@pytest.fixture(params=[nginx, caddy], ids=["nginx", "caddy"])
def address(request: pytest.FixtureRequest, tmp_path: Path, collectors: list[ThreadingHTTPServer]) -> Iterator[str]:
    port = free_port()
    try:
        command = request.param(tmp_path, port, [server.server_port for server in collectors])
    except Missing as missing:
        pytest.skip(str(missing))
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log, env={"HOME": str(tmp_path), "PATH": "/usr/bin"})
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz", process, tmp_path / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()  # asked nicely, Caddy waits for open streams
        process.wait()


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Returns when it answers 200."""
    deadline = time.monotonic() + 30
    while True:
        try:
            if httpx.get(address, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def test_a_live_stream_passes_at_once(address: str) -> None:
    began = time.monotonic()
    with httpx.stream("GET", f"{address}/stream", trust_env=False, timeout=STREAM_SECONDS) as answer:
        assert next(answer.iter_text()).startswith("data: first")
        assert time.monotonic() - began < STREAM_SECONDS, "it came when the stream had ended"


def test_a_reader_cannot_state_an_address(address: str) -> None:
    stated = {"x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https"}
    seen = {name.lower(): value for name, value in httpx.get(address, headers=stated, trust_env=False).json().items()}
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["x-forwarded-proto"] == "http"


def test_a_dead_collector_is_passed_over(address: str, collectors: list[ThreadingHTTPServer]) -> None:
    collectors[0].shutdown()
    collectors[0].server_close()
    answers = [httpx.get(address, trust_env=False, timeout=20).status_code for _ in range(10)]
    assert answers == [200] * 10
