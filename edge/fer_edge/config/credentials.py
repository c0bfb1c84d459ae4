"""Secrets and certificates: where they are read from, how a bad one is reported."""

from __future__ import annotations

import errno
import logging
import os
import ssl
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fer_edge.errors import ConfigError, UsageError
from fer_edge.text_file import decode_text, read_text

MAX_LENGTH = 65_535  # bytes of a password in MQTT

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Secret:
    """A secret, which may be in a file, in a credential of systemd (LoadCredential=), or in a variable.

    Attributes:
        setting: Key of the setting that names the file.
        credential: Name of the credential.
        variable: Name of the environment variable.
    """

    setting: str
    credential: str
    variable: str

    def read(self, file: Path | None, environment: Mapping[str, str]) -> str | None:
        """Read the secret from the file, else from the credential, else from the variable.

        A newline at the end of a file, and a byte order mark, do not belong to the secret.

        Args:
            file: What the setting names, if it is set.
            environment: Holds the variable, and the folder of credentials.

        Returns:
            The secret; empty if the file is, None without one.

        Raises:
            UsageError: The file cannot be read.
            ConfigError: The variable is no UTF-8 text.
        """
        if file:
            if warning := describe_exposure(file):
                log.warning("%s", warning)
            return self._read_line(file)
        credential = Path(environment.get("CREDENTIALS_DIRECTORY", "")) / self.credential
        from_systemd = (
            self._read_line(credential) if "CREDENTIALS_DIRECTORY" in environment and credential.exists() else ""
        )
        return from_systemd or self._read_variable(environment.get(self.variable))

    def _read_variable(self, value: str | None) -> str | None:
        try:
            return value and decode_text(os.fsencode(value), MAX_LENGTH)
        except ValueError as error:
            raise ConfigError(f"{self.variable}: {error}") from error

    def _read_line(self, file: Path) -> str:
        try:
            return read_text(file, MAX_LENGTH).rstrip("\r\n")
        except OSError as error:
            # A relative name of nothing, or one too long for a file, may be the secret itself.
            name = f"{file}: " if file.is_absolute() or os.path.exists(file) else ""  # noqa: PTH110 - never raises
            cure = None if name else "expected a file, not the secret itself"
            raise UsageError(f"{name}{str(error.strerror).lower()}", setting=self.setting, cure=cure) from error
        except ValueError as error:
            raise UsageError(f"{file}: {error}", setting=self.setting) from error


def load_certificate(context: ssl.SSLContext, certificate: Path, key: Path | None, setting: str) -> None:
    """Load the certificate that our side presents.

    Args:
        context: Where it is loaded.
        certificate: In PEM.
        key: In PEM; None if it is in the same file.
        setting: Key of the setting that names the certificate.

    Raises:
        UsageError: A file cannot be used.
    """
    try:
        check_regular(certificate, key)
        # With an empty password OpenSSL does not ask for one on the terminal, which a service does not have.
        context.load_cert_chain(certificate, key, password="")
    except OSError as error:  # ssl.SSLError is one
        files = " with key ".join(map(str, filter(None, (certificate, key))))
        raise UsageError(
            f"{files}: {describe_tls_error(error)}; expected a certificate and its key in PEM, without a passphrase",
            setting=setting,
        ) from error


def check_regular(*files: Path | None) -> None:
    """Raise OSError for what is no file: OpenSSL would wait for the writer of a FIFO for ever."""
    for file in filter(None, files):
        if not stat.S_ISREG(file.stat().st_mode):
            raise OSError(errno.EINVAL, "not a regular file")


def describe_exposure(file: Path | None) -> str | None:
    """Return the warning about a file with a secret that every user of the machine can read, or None."""
    try:
        exposed = file is not None and file.is_file() and bool(file.stat().st_mode & stat.S_IROTH)
    except OSError:  # reported when the secret is read
        return None
    return f"{file}: every user of this machine can read the secret in it: chmod 600 {file}" if exposed else None


def describe_tls_error(error: OSError) -> str:
    """Return why a file in PEM is unusable or a TLS connection failed."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or "no certificate or key in it").replace("_", " ").lower()
    return str(error.strerror).lower()
