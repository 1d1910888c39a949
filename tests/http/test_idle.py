"""Connections that ask nothing: the serving process does not keep them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from footfall import serve
from footfall.config import Config


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\n", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"])
async def test_who_asks_nothing_is_hung_up_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    """Before the first request, within one, and between two; long before the half minute that granian would wait."""
    monkeypatch.setattr(serve, "HEADER_MS", 200)
    monkeypatch.setattr(serve, "_spare_the_collector", lambda: None)  # it is for a process of its own
    async with serve.running(Config(data_folder=tmp_path, port=0)) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(server.address.rpartition(":")[2]))
        writer.write(sent)
        async with asyncio.timeout(20):
            answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 200" if sent.endswith(b"\r\n\r\n") else b"")
        writer.close()
