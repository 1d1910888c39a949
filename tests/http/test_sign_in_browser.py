"""Signing in with a real browser, from a link on a page of another site."""

from __future__ import annotations

import asyncio
import os
import shutil

import pytest
from playwright.async_api import async_playwright

from .conftest import Serving


@pytest.fixture
def chromium() -> str:
    """Where it is; without it the test is skipped, or fails where that was asked for."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        assert os.environ.get("FOOTFALL_TESTS_STRICT") != "1", "there is no chromium (apt-get install chromium)"
        pytest.skip("there is no chromium (apt-get install chromium)")
    return found


@pytest.mark.browser
async def test_a_link_in_web_mail_opens_the_private_page(serving: Serving, chromium: str) -> None:
    """The Strict cookie that the link brings is sent with the very next request, and a reload still shows the page."""
    async with serving() as running, async_playwright() as playwright:
        link = f"http://127.0.0.1:{running.port}/s/shut-site?key={running.house.folder.owner_key}"
        html = f'<!doctype html><a href="{link}">your statistics</a>'.encode()

        async def mail(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n" + html)
            writer.close()

        async with await asyncio.start_server(mail, "127.0.0.1", 0) as server:
            browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            page = await browser.new_page()
            await page.goto(f"http://localhost:{server.sockets[0].getsockname()[1]}/")
            async with page.expect_response(lambda answer: answer.url.endswith("/s/shut-site")) as shown:
                await page.click("a")
            assert (await shown.value).status != 404
            await page.wait_for_url("**/s/shut-site")
            again = await page.goto(f"http://127.0.0.1:{running.port}/s/shut-site")
            assert again is not None
            assert again.status != 404
            assert "key=" not in page.url
            await browser.close()
