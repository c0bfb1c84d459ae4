"""Secrets and certificates: where they are read from, and how a bad one is reported."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fer_edge.errors import UsageError


@dataclass(frozen=True)
class Secret:
    """Where a secret may be: a file that a setting names, a credential (systemd's LoadCredential=), a variable."""

    setting: str
    credential: str
    variable: str

    def read(self, file: Path | None, environment: Mapping[str, str]) -> str | None:
        """The secret: of `file`, of systemd's credential or of the environment, in this order.

        A newline at the end of a file is not part of it, and an empty one is none. Raises UsageError when a file cannot
        be read.
        """
        if file:
            return self._line(file)
        credential = Path(environment.get("CREDENTIALS_DIRECTORY", "")) / self.credential
        given = self._line(credential) if "CREDENTIALS_DIRECTORY" in environment and credential.exists() else ""
        return given or environment.get(self.variable)

    def _line(self, file: Path) -> str:
        try:
            return file.read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            raise UsageError(f"{file}: {str(error.strerror).lower()}", setting=self.setting) from error
        except UnicodeDecodeError as error:
            raise UsageError(f"{file}: not UTF-8 text", setting=self.setting) from error


def load_certificate(context: ssl.SSLContext, certificate: Path, key: Path | None, setting: str) -> None:
    """Have a connection show a certificate, PEM; `key` is None when it is in the same file.

    `setting` is the key of the certificate, e.g. web.certificate. Raises UsageError.
    """
    try:
        # An empty password instead of a question on the terminal, which a service has not.
        context.load_cert_chain(certificate, key, password="")
    except OSError as error:  # ssl.SSLError is one
        files = " with key ".join(map(str, filter(None, (certificate, key))))
        raise UsageError(
            f"{files}: {describe_tls_error(error)}; expected a certificate and its key in PEM, without a passphrase",
            setting=setting,
        ) from error


def describe_tls_error(error: OSError) -> str:
    """Why a file in PEM cannot be used, or a connection not be made, in words."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or "no certificate or key in it").replace("_", " ").lower()
    return str(error.strerror).lower()
