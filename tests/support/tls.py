"""Certificates made by the openssl command, and a broker that uses them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.mosquitto import Mosquitto
from tests.support.network import free_port


def openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)


class Authority:
    """A certificate authority in its own folder; it certifies any subject.

    Attributes:
        ca: Its own certificate, PEM.
        key: Its private key, PEM.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder, self.ca, self.key = folder, folder / "ca.pem", folder / "ca.key"
        openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=test CA"),
            *("-keyout", self.key, "-out", self.ca, "-days", 2),
            *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),  # required by Python 3.13
        )

    def certify(self, name: str, subject: str, days: int = 2) -> tuple[Path, Path]:
        """A certificate for `subject` (a subjectAltName) and its key."""
        certificate, key, request = (self._folder / f"{name}.{suffix}" for suffix in ("pem", "key", "csr"))
        names = self._folder / f"{name}.ext"
        names.write_text(f"subjectAltName={subject}\nauthorityKeyIdentifier=keyid\n")
        openssl(
            *("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}"),
            *("-keyout", key, "-out", request),
        )
        openssl(
            *("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self.key, "-CAcreateserial"),
            *("-out", certificate, "-days", days, "-extfile", names),
        )
        return certificate, key


class TlsMosquitto(Mosquitto):
    """A Mosquitto with a plain port and a TLS port."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        super().__init__(folder)
        self.tls_port, self._authority = free_port(), authority

    def serve(self, subject: str = "IP:127.0.0.1", days: int = 2, extra: str = "") -> None:
        """Start with a certificate for `subject` that is valid for `days`; `extra` are lines for the TLS listener."""
        certificate, key = self._authority.certify("broker", subject, days)
        self.start(
            f"allow_anonymous true\nlistener {self.tls_port} 127.0.0.1\ncertfile {certificate}\nkeyfile {key}\n{extra}"
        )
