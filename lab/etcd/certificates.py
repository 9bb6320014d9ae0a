"""A certificate authority of its own, for servers and clients of a test."""

from __future__ import annotations

from pathlib import Path

from lab.command import run


class Authority:
    """Signs certificates; all files are in one directory."""

    def __init__(self, directory: Path) -> None:
        """Make the authority."""
        self.directory = directory
        self.certificate = directory / "ca.crt"
        self._key = directory / "ca.key"
        _openssl("req", "-x509", *_NEW_KEY, "-keyout", str(self._key), "-days", "2",
                 "-out", str(self.certificate), "-subj", "/CN=test authority")  # fmt: skip

    def sign(self, name: str, addresses: list[str] | None = None) -> tuple[Path, Path]:
        """Return certificate and key of somebody by that common name, at those IP addresses."""
        key, request, certificate = (
            self.directory / f"{name}.{kind}" for kind in ("key", "csr", "crt")
        )
        _openssl(
            "req", *_NEW_KEY, "-keyout", str(key), "-out", str(request), "-subj", f"/CN={name}"
        )
        extensions = self.directory / f"{name}.ext"
        names = ",".join(f"IP:{address}" for address in addresses or []) or f"DNS:{name}"
        extensions.write_text(f"subjectAltName={names}\n")
        _openssl("x509", "-req", "-in", str(request), "-out", str(certificate), "-days", "2",
                 "-CA", str(self.certificate), "-CAkey", str(self._key),
                 "-CAcreateserial", "-extfile", str(extensions))  # fmt: skip
        return certificate, key


_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def _openssl(*arguments: str) -> None:
    run(["openssl", *arguments])
