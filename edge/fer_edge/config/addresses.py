"""Addresses, `scheme://[user[:password]@]host[:port][/path][?query]`: parsing them, and hiding what is secret."""

from __future__ import annotations

import ipaddress
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from fer_edge.errors import UsageError

MAX_QUOTED = 80  # characters of a wrong value in an error
MAX_SEARCHED = 4096  # characters; the time to search a hostile text grows with the square of its length
ENCODE = "write / ? # [ ] @ as %2F %3F %23 %5B %5D %40, also an @ in the path or query"

# After the first / ? # an @ may still belong to the password. It does not where the host is an IP address or
# localhost, or where there is no colon, so no password, before a query such as ?mail=a@b.
_UNAMBIGUOUS = re.compile(
    r"([^/?#]*@)?(localhost|\d+(\.\d+){3}|\[[0-9a-fA-F:.]+\])(:\d+)?([/?#]|$)|[^/?#@:]+(/[^?#@:]*)?\?[\w-]+=", re.ASCII
)
# A part of a path that sets a parameter, or with 16 or more letters and digits, as the tokens of cameras have.
_HIDDEN_PART = r"[^/?#]*(?:=|(?<![\da-zA-Z-])(?=[a-zA-Z-]*\d)[\da-zA-Z-]{16,})"
_SECRETS = (
    (r"(?:(\b\w+:/+|//)|(?<![^\s:/])[^\s:/]*:(?=\S)).*@", r"\1***@"),  # what precedes the last @, even without a scheme
    (r"(\b\w+:/+[^?#]*[?#]|\?(?=.*=)).*", r"\1***"),  # query and fragment
    (rf"(\b\w+:/+[^/?#]+/(?:[^/?#=]*/)*?){_HIDDEN_PART}.*", r"\1***"),
    # no IPv6 address in brackets, no number where the port should be
    (r"(\b\w+:/+(?:\*{3}@)?)(?:\[(?![0-9a-fA-F:.]+\])|[^/?#:\[]*:(?!\d*(?:[/?#\s'\"]|$))).*", r"\1***"),
)


@dataclass(frozen=True)
class Address:
    """A valid address. `str(address)` omits user, password, query and what may be secret in the path.

    Attributes:
        scheme: In lower case.
        host: Name or IP address, without brackets.
        port: TCP port; None for the default of the scheme.
        user: Percent-encoded, or None.
        password: Percent-encoded, or None.
        path: With its first slash, or empty.
        query: Without the question mark, or empty.
        fragment: What follows a #, or empty.
    """

    scheme: str
    host: str
    port: int | None
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)
    path: str
    query: str
    fragment: str

    def __str__(self) -> str:
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{in_url(self.host)}{port}{hide_in_path(self.path)}"


def parse_address(text: str, expected: str) -> Address:
    """Parse an address.

    Args:
        text: The address. User and password must be percent-encoded.
        expected: Its form, for the error.

    Raises:
        UsageError: It is malformed, or where its host begins is ambiguous. The message contains no secret.
    """
    scheme, _, rest = text.partition("://")
    credentials, target = _split_credentials(rest)
    if credentials and re.search(r"[/?#\[\]@]", credentials):
        raise UsageError(f"{hide_secrets(text)}: a user or password must be percent-encoded", cure=ENCODE)
    try:
        parts = urlsplit(f"{scheme}://{target}")
        host, port = parts.hostname or "", parts.port
    except ValueError:  # its message may quote the password
        host, port = "", None
    if not _is_host(host) or port == 0 or not text.isprintable():
        raise UsageError(f"{hide_secrets(text)}: expected {expected}")
    user, colon, password = (credentials or "").partition(":")
    return Address(
        parts.scheme,
        host,
        port,
        user=None if credentials is None else user,
        password=password if colon else None,
        path=parts.path,
        query=parts.query,
        fragment=parts.fragment,
    )


def _split_credentials(rest: str) -> tuple[str | None, str]:
    """Split what follows `scheme://` into what precedes its last @, or None, and host, port, path and query."""
    last = len(re.split("[/?#]", rest, maxsplit=1)[0]) if _UNAMBIGUOUS.match(rest) else len(rest)
    at = rest.rfind("@", 0, last)
    return (None if at < 0 else rest[:at]), rest[at + 1 :]


def _is_host(host: str) -> bool:
    if ":" not in host:
        return re.fullmatch(r"[\w.-]+", host) is not None
    try:
        return bool(ipaddress.IPv6Address(host))
    except ValueError:
        return False


def in_url(host: str) -> str:
    """Return a host as it is written in a URL."""
    return f"[{host}]" if ":" in host else host


def hide_in_path(path: str) -> str:
    """Replace by *** what may be secret in the path of an address, such as /user=me&password=x, and what follows."""
    return re.sub(rf"(?:[^/]*@|{_HIDDEN_PART}).*", "***", path, count=1)


def parse_file(text: str) -> Path:
    """Return the path of a file. Raises UsageError for an address, which could contain a password."""
    if "://" in text:
        raise UsageError(f"{hide_secrets(text)}: expected a file, not an address")
    return Path(text)


def hide_secrets(text: str) -> str:
    """Replace by *** whatever may be secret in an address, even if it is malformed or among other words.

    A text that is too long to be searched is replaced as a whole.
    """
    if len(text) > MAX_SEARCHED:
        return "***"
    for pattern, replacement in _SECRETS:
        text = re.sub(pattern, replacement, text, flags=re.DOTALL)
    return text


def quote(value: object) -> str:
    """Return a wrong value as an error quotes it: briefly, and without secrets."""
    try:
        return (repr(hide_secrets(value)) if isinstance(value, str) else hide_secrets(repr(value)))[:MAX_QUOTED]
    except ValueError:  # Python does not write a whole number with more digits, which TOML may have in hexadecimal
        return f"a number of more than {sys.get_int_max_str_digits()} digits"
