"""Where etcd is and how it is spoken to: what ``etcd://`` URLs say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from damselfly.errors import BadInput, StoreError

DEFAULT_PORT, DEFAULT_PREFIX, DEFAULT_TIMEOUT = 2379, "damselfly", 5.0
_FILES = ("ca", "cert", "key", "password-file")
_OPTIONS = (*_FILES, "tls", "user", "timeout")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are, and whom we trust; all are paths of files but the user."""

    ca: str | None = None
    """Certificates that the servers' must be signed by; None: the machine's."""
    cert: str | None = None
    key: str | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    password_file: str | None = None

    def secret(self) -> str:
        """Return the password.  Raises StoreError where its file cannot be read."""
        if self.password_file is not None:
            return _content(self.password_file).decode().rstrip("\n")
        return self.password or ""


@dataclass(frozen=True, slots=True)
class Place:
    """One store in one etcd cluster."""

    servers: tuple[str, ...]
    """Each ``host:port``."""
    prefix: str = DEFAULT_PREFIX
    """All keys of the store begin with ``/PREFIX/``."""
    tls: bool = False
    timeout: float = DEFAULT_TIMEOUT
    """Seconds that one server has to answer."""
    credentials: Credentials = Credentials()

    @classmethod
    def at(cls, url: str) -> Place:
        """Read ``etcd://[USER[:PASSWORD]@]HOST[:PORT][,...][/PREFIX][?OPTION=VALUE&...]``.

        Options: ``ca``, ``cert``, ``key``, ``password-file`` (paths), ``tls=yes``, ``user``,
        ``timeout`` (seconds).  Raises BadInput.
        """
        parts = urlsplit(url)
        identity, _, servers = parts.netloc.rpartition("@")
        user, _, password = identity.partition(":")
        options = _options(parts.query)
        files = {name.replace("-", "_"): options[name] for name in _FILES if name in options}
        if ("cert" in files) != ("key" in files):
            raise BadInput("an etcd:// URL names a certificate and its key, or neither")
        return cls(
            tuple(_server(text) for text in servers.split(",")),
            unquote(parts.path).strip("/") or DEFAULT_PREFIX,
            bool(files.keys() & {"ca", "cert"}) or options.get("tls") == "yes",
            _seconds(options.get("timeout")),
            Credentials(
                user=options.get("user") or unquote(user) or None,
                password=unquote(password) or None,
                **files,
            ),
        )

    def certificates(self) -> tuple[bytes | None, bytes | None, bytes | None]:
        """Read the CA's certificates, our key and our certificate, where they are named."""
        given = self.credentials
        ca, key, cert = (
            None if path is None else _content(path) for path in (given.ca, given.key, given.cert)
        )
        return ca, key, cert

    def __str__(self) -> str:
        return f"etcd://{','.join(self.servers)}/{self.prefix}"


def _options(query: str) -> Mapping[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in options:
        if name not in _OPTIONS:
            near = get_close_matches(name, _OPTIONS, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise BadInput(f"an etcd:// URL has no option {name!r}{hint}")
    if options.get("tls", "yes") not in ("yes", "no"):
        raise BadInput("tls is yes or no")
    return options


def _server(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = text, str(DEFAULT_PORT)
    if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise BadInput(f"{text!r} is no server of etcd; accepted: HOST, HOST:PORT, [ADDRESS]:PORT")
    return f"{host}:{port}"


def _seconds(text: str | None) -> float:
    try:
        seconds = DEFAULT_TIMEOUT if text is None else float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 3600:
        raise BadInput(f"timeout={text}: accepted are seconds above 0")
    return seconds


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from None
