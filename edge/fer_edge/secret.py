"""Secrets, which never stand on the command line: in a file, in a credential of systemd's, or in the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import UsageError


@dataclass(frozen=True)
class Secret:
    """Where a secret may be: a file that a flag names, a credential (systemd's LoadCredential=), a variable."""

    flag: str
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
            raise UsageError(f"{self.flag} {file}: {str(error.strerror).lower()}") from error
        except UnicodeDecodeError as error:
            raise UsageError(f"{self.flag} {file}: not UTF-8 text") from error
