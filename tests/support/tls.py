"""Certificates made by the openssl command, and a broker that uses them."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.support.mosquitto import Mosquitto
from tests.support.network import free_port

SETTINGS = """[ca]
default_ca = test
[test]
new_certs_dir = {folder}
database = {folder}/index.txt
unique_subject = no
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
"""


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

    def certify(self, name: str, subject: str, days: int = 2, start: int = -1) -> tuple[Path, Path]:
        """A certificate for `subject` (a subjectAltName), valid from `start` to `days` from today, and its key."""
        certificate, key, request = (self._folder / f"{name}.{suffix}" for suffix in ("pem", "key", "csr"))
        names, settings = self._folder / f"{name}.ext", self._folder / "ca.cnf"
        names.write_text(f"subjectAltName={subject}\nauthorityKeyIdentifier=keyid\n")
        settings.write_text(SETTINGS.format(folder=self._folder))
        (self._folder / "index.txt").touch()
        openssl(
            *("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}"),
            *("-keyout", key, "-out", request),
        )
        now = datetime.now(UTC)
        dates = [f"{now + timedelta(days=offset):%Y%m%d%H%M%SZ}" for offset in (start, days)]
        openssl(  # unlike `openssl x509`, it accepts dates in the past in every version
            *("ca", "-batch", "-notext", "-config", settings, "-cert", self.ca, "-keyfile", self.key),
            *("-in", request, "-out", certificate, "-startdate", dates[0], "-enddate", dates[1], "-extfile", names),
        )
        return certificate, key


class TlsMosquitto(Mosquitto):
    """A Mosquitto with a plain port and a TLS port."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        super().__init__(folder)
        self.tls_port, self._authority = free_port(), authority

    def serve(self, subject: str = "IP:127.0.0.1", days: int = 2, extra: str = "", start: int = -1) -> None:
        """Start with a certificate that `Authority.certify` makes; `extra` are lines for the TLS listener."""
        certificate, key = self._authority.certify("broker", subject, days, start)
        self.start(
            f"allow_anonymous true\nlistener {self.tls_port} 127.0.0.1\ncertfile {certificate}\nkeyfile {key}\n{extra}"
        )
