"""What counts as text here: Unicode without lone surrogates, of a bounded number of bytes as UTF-8."""

from __future__ import annotations


def fits(text: str, limit: int) -> bool:
    """Whether `text` is well-formed Unicode of at most `limit` bytes as UTF-8."""
    if text.isascii():
        return len(text) <= limit
    try:
        return len(text.encode()) <= limit
    except UnicodeEncodeError:
        return False


def cut(text: str, limit: int) -> str:
    """The longest start of well-formed `text` that has at most `limit` bytes as UTF-8."""
    if len(text) * 4 <= limit:
        return text
    return text.encode()[:limit].decode(errors="ignore")
