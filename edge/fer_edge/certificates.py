"""Our own certificates, by which we prove who we are: to a broker, and to browsers."""

from __future__ import annotations

import ssl
from pathlib import Path

from .errors import UsageError


def show(context: ssl.SSLContext, certificate: Path, key: Path | None, flags: str) -> None:
    """Have a connection show a certificate, PEM; `key` is None when it is in the same file.

    `flags` is what the two flags begin with, e.g. --web for --web-cert and --web-key. Raises UsageError.
    """
    try:
        # An empty password instead of a question on the terminal, which a service has not.
        context.load_cert_chain(certificate, key, password="")
    except OSError as error:  # ssl.SSLError is one
        files = f" with {flags}-key ".join(map(str, filter(None, (certificate, key))))
        raise UsageError(
            f"{flags}-cert {files}: {told(error)}; expected a certificate and its key in PEM, without a passphrase"
        ) from error


def told(error: OSError) -> str:
    """Why a file in PEM cannot be used, or a connection not be made, in words."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or "no certificate or key in it").replace("_", " ").lower()
    return str(error.strerror).lower()
