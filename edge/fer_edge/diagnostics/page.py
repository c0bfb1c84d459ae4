"""Opens the port of the live page as a run does, closes it again, and reads the certificate."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable, Mapping

from fer_edge.cameras.browser import BROWSER, missing_page_error
from fer_edge.config.credentials import describe_exposure
from fer_edge.config.model import Config
from fer_edge.config.web import TOKEN, UNENCRYPTED_WARNING, WebOptions, describe_access, tls_context
from fer_edge.diagnostics.finding import Finding, combine, fail, ok, warn
from fer_edge.web.factory import open_web_server

RENEWAL_PERIOD = 14 * 86_400  # seconds; warn when the certificate expires within this time
RENEW = "make or order a new one"


def check_page(
    config: Config, environment: Mapping[str, str] = os.environ, wall: Callable[[], float] = time.time
) -> Finding:
    """Check that the page can be served, and how long its certificate is valid.

    Args:
        config: Has the options of the page.
        environment: May hold the token.
        wall: Clock, in seconds since the epoch.

    Raises:
        UsageError: The page would be open to the network without a token, the token cannot be read or is too short, or
            the camera is a browser and there is no page.
        WebServerError: The port cannot be opened.
        MissingExtraError: The web server is not installed.
    """
    options = config.web
    if not options:
        if config.camera == BROWSER:
            raise missing_page_error()
        return ok("not configured")
    token = TOKEN.read(options.token_file, environment)
    server = open_web_server(options, token)
    found = f"{server.url}, {describe_access(options, token)}"
    server.close()
    exposure = describe_exposure(options.token_file)
    return combine(
        ok(found),
        warn(exposure) if exposure else None,
        warn(UNENCRYPTED_WARNING) if options.unencrypted else _check_certificate(options, wall),
    )


def _check_certificate(options: WebOptions, wall: Callable[[], float]) -> Finding | None:
    """Check how long the certificate is valid; None without one."""
    server = tls_context(options)
    if not server:
        return None
    try:
        expiry = _expiry(server, str(options.certificate))
    except ssl.SSLError as error:
        reason = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else str(error.reason)
        return fail(f"{options.certificate}: browsers would refuse it: {reason}: {RENEW}")
    day = time.strftime("%Y-%m-%d", time.gmtime(expiry))
    if expiry - wall() < RENEWAL_PERIOD:
        return warn(f"{options.certificate} expires soon, on {day}: {RENEW}")
    return ok(f"{options.certificate} is valid until {day}")


def _expiry(server: ssl.SSLContext, certificate: str) -> float:
    """Return when the certificate that `server` presents expires, seconds since the epoch.

    Python decodes only a certificate that it has verified, so a client that trusts this one shakes hands with the
    server in memory. Raises SSLError when the certificate is not valid now.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # it need not be an authority's to be trusted
    context.load_verify_locations(certificate)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, to_server)
    serving = server.wrap_bio(to_server, to_client, server_side=True)
    while True:
        for side in (client, serving):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            if side is client:
                details = client.getpeercert() or {}
                return ssl.cert_time_to_seconds(str(details["notAfter"]))
