"""Whether the live page can be shown, tried as a run does it: the port is taken, and given back."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable, Mapping

from fer_edge.cameras.browser import BROWSER, missing_page_error
from fer_edge.config.model import Config
from fer_edge.config.web import IN_THE_CLEAR, TOKEN, WebOptions, tls_context
from fer_edge.diagnostics.finding import Finding, fail, ok, warn
from fer_edge.errors import MissingExtraError

SOON = 14 * 86_400  # seconds before its end in which a certificate is to be renewed


def check_page(
    config: Config, environment: Mapping[str, str] = os.environ, wall: Callable[[], float] = time.time
) -> Finding:
    """Whether people could be let in, and for how long the certificate is good; `wall` gives seconds.

    Raises UsageError for an open door, a token that cannot be read or is too short, and a browser as camera without the
    page; WebServerError for a port that cannot be had; MissingExtraError.
    """
    options = config.web
    if not options:
        if config.camera == BROWSER:
            raise missing_page_error()
        return ok("none is asked for")
    try:
        from fer_edge.web.server import WebServer
    except ImportError as error:
        raise MissingExtraError("--web", "web", error.name) from error
    token = TOKEN.read(options.token_file, environment)
    page = WebServer(options, token)
    found = f"{page.url}, {'with' if token else 'without'} a token"
    page.close()
    if options.in_the_clear:
        return warn(f"{found}; {IN_THE_CLEAR}")
    certificate = _check_certificate(options, wall)
    return Finding(certificate.level, f"{found}; {certificate.text}") if certificate else ok(found)


def _check_certificate(options: WebOptions, wall: Callable[[], float]) -> Finding | None:
    """How long it is good for; None when there is none."""
    server = tls_context(options)
    if not server:
        return None
    try:
        ends = _end_of(server, str(options.certificate))
    except ssl.SSLError as error:
        told = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else str(error.reason)
        return fail(f"{options.certificate}: browsers would refuse it: {told}: make or order a new one")
    day = time.strftime("%Y-%m-%d", time.gmtime(ends))
    if ends - wall() < SOON:
        return warn(f"{options.certificate} is good until {day} alone: make or order a new one")
    return ok(f"{options.certificate} is good until {day}")


def _end_of(server: ssl.SSLContext, certificate: str) -> float:
    """When the certificate that `server` shows expires, seconds. Raises SSLError when it is not good now.

    Python reads only a certificate that it has verified: so it is shown, in memory, to a side that trusts it.
    """
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # it need not be an authority's to be trusted
    client.load_verify_locations(certificate)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    looking = client.wrap_bio(to_client, to_server)
    showing = server.wrap_bio(to_server, to_client, server_side=True)
    while True:
        for side in (looking, showing):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            if side is looking:
                told = looking.getpeercert() or {}
                return ssl.cert_time_to_seconds(str(told["notAfter"]))
