"""Opens the live page's server, which needs an optional part of this distribution."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.config.web import WebOptions
from fer_edge.errors import MissingExtraError
from fer_edge.web.page_files import PageFiles

if TYPE_CHECKING:
    from fer_edge.web.server import WebServer


LOGOUTS = "logouts"  # file in the state directory


def open_web_server(
    options: WebOptions,
    token: str | None,
    files: PageFiles | None = None,
    environment: Mapping[str, str] = os.environ,
) -> WebServer:
    """Open the port of the live page.

    Args:
        options: Where and how the page is served.
        token: What its viewers must know, or None.
        files: What the page reads and writes besides the run.
        environment: May name the state directory of systemd, where logouts are kept.

    Raises:
        MissingExtraError: The extra `web` is not installed.
        UsageError: The page would be open to the network without a token, or the token is too short.
        WebServerError: The port cannot be opened.
    """
    try:
        from fer_edge.web.server import WebServer
    except ImportError as error:
        raise MissingExtraError("--web", "web", error.name) from error
    folder = environment.get("STATE_DIRECTORY")
    return WebServer(options, token, replace(files or PageFiles(), logouts=Path(folder) / LOGOUTS if folder else None))
