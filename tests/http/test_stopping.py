"""A server process that is told to stop while people watch: granian and uvicorn as anybody would start them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from footfall.config import Config
from footfall.house import open_house

from .conftest import OPEN
from .test_collect import HEADERS, view

APPLICATION = "footfall.http.app:create_app"
GRANIAN = ["granian", "--interface", "asgi", "--factory", "--port", "{port}", APPLICATION]
UVICORN = ["uvicorn", "--factory", "--no-proxy-headers", "--port", "{port}", APPLICATION]


@contextmanager
def process(command: list[str], folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server that answers, with its settings from the environment."""
    environment = {**os.environ, "FOOTFALL_DATA_FOLDER": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)}
    arguments = [part.format(port=port) for part in command]
    with subprocess.Popen([sys.executable, "-m", *arguments], env=environment, stderr=subprocess.DEVNULL) as found:
        try:
            deadline = time.monotonic() + 30
            while True:
                try:
                    httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).raise_for_status()
                    break
                except httpx.TransportError:
                    assert found.poll() is None, "the server ended by itself"
                    assert time.monotonic() < deadline, "the server does not answer"
                    time.sleep(0.05)
            yield found
        finally:
            if found.poll() is None:
                found.kill()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "status"),
    [
        pytest.param(GRANIAN, 0, id="granian"),
        pytest.param(UVICORN, -signal.SIGTERM, id="uvicorn"),
    ],
)
async def test_it_stops_at_once_with_viewers_connected(
    tmp_path: Path, unused_tcp_port: int, command: list[str], status: int
) -> None:
    """Streams end as whole answers, the process ends as its server ends (uvicorn by the signal itself), nothing is lost."""
    house = await open_house(Config(data_folder=tmp_path))
    await house.put_site(OPEN)
    await house.close()
    with process(command, tmp_path, unused_tcp_port) as server:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(f"http://127.0.0.1:{unused_tcp_port}/e", json=view(), headers=HEADERS)
        assert answer.status_code == 204
        viewers = [_view(unused_tcp_port) for _ in range(20)]
        server.terminate()
        for viewer in viewers:
            assert _rest(viewer).endswith(b"0\r\n\r\n")
        assert server.wait(5) == status
    house = await open_house(Config(data_folder=tmp_path))
    assert b'"views":1' in house.hub.snapshot(OPEN.id, owner=False)
    await house.close()


def _view(port: int) -> socket.socket:
    viewer = socket.create_connection(("127.0.0.1", port), timeout=10)
    viewer.sendall(b"GET /api/live/open-site/stream HTTP/1.1\r\nhost: x\r\n\r\n")
    text = b""
    while b"event: snapshot" not in text:
        text += viewer.recv(65_536)
    return viewer


def _rest(viewer: socket.socket) -> bytes:
    text = b""
    with viewer:
        while chunk := viewer.recv(65_536):
            text += chunk
    return text
