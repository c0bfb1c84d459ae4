"""Errors as a page for a person and as JSON for a program."""

from __future__ import annotations

import html
from pathlib import Path

from aiohttp import hdrs, web

STATIC = Path(__file__).parent / "static"
PAGE = (STATIC / "error.html").read_text(encoding="utf-8")
PAGE_PATHS = {"/", "/login", "/logout"}  # where a person gets to
MESSAGE_PLACEHOLDER = "<!--message-->"  # in the pages for errors and for the login


def error_response(request: web.Request, status: int, text: str, *, retry_after: int | None = None) -> web.Response:
    """An error: a page for a browser that opens or sends a page, otherwise JSON.

    Args:
        request: The one that is refused.
        status: Of HTTP.
        text: What is wrong, and what would be right.
        retry_after: Seconds.
    """
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    if request.path in PAGE_PATHS and "text/html" in request.headers.get(hdrs.ACCEPT, ""):
        page = fill(PAGE, text[:1].upper() + text[1:])
        return web.Response(text=page, status=status, headers=headers, content_type="text/html")
    return web.json_response({"error": text}, status=status, headers=headers)


def fill(page: str, message: str) -> str:
    """Return a page with a message in it."""
    return page.replace(MESSAGE_PLACEHOLDER, html.escape(message))
