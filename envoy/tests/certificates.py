"""Certificates for tests: an authority made on the spot, and what it signs."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

LOCAL = [x509.DNSName("localhost")]


class Authority:
    """One that signs certificates; everything that it makes lies in `folder`."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named([("CN", name)])
        constraints = [(x509.BasicConstraints(ca=True, path_length=0), True)]
        self.path = folder / "authority.pem"
        self.path.write_bytes(_pem(self._sign(self._name, self._key.public_key(), constraints)))

    def issue(self, file: str, subject: list[tuple[str, str]], names: list[x509.GeneralName]) -> tuple[Path, Path]:
        """A certificate and its key, as files."""
        key = ec.generate_private_key(ec.SECP256R1())
        extensions = [(x509.SubjectAlternativeName(names), False)] if names else []
        certificate, private = self._folder / f"{file}.pem", self._folder / f"{file}.key"
        certificate.write_bytes(_pem(self._sign(_named(subject), key.public_key(), extensions)))
        clear = serialization.NoEncryption()
        private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, clear))
        return certificate, private

    def client(self, file: str, subject: list[tuple[str, str]], names: list[x509.GeneralName]) -> ssl.SSLContext:
        """How a client with such a certificate connects; it trusts whom we trust."""
        context = self.stranger()
        context.load_cert_chain(*self.issue(file, subject, names))
        return context

    def stranger(self) -> ssl.SSLContext:
        """How a client without a certificate connects."""
        return ssl.create_default_context(cafile=str(self.path))

    def _sign(self, subject: x509.Name, key: ec.EllipticCurvePublicKey, extensions: list[tuple[x509.ExtensionType, bool]]) -> x509.Certificate:
        now = datetime.datetime.now(datetime.timezone.utc)
        day = datetime.timedelta(days=1)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key)
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self._key, hashes.SHA256())


def _named(parts: list[tuple[str, str]]) -> x509.Name:
    known = {"CN": x509.NameOID.COMMON_NAME, "O": x509.NameOID.ORGANIZATION_NAME}
    return x509.Name([x509.NameAttribute(known[part], value) for part, value in parts])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
