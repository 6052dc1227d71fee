"""An authenticator of our own, in software: makes and shows passkeys as a browser does, honestly or not."""

import hashlib
import json
import secrets
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestedCredentialData

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    """One passkey. `origin` and `host` are what the browser says; `counter` 0 never counts."""

    origin: str
    host: str
    counter: int = 0
    flags: int = PRESENT | VERIFIED
    id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def create(self, options: dict) -> dict:
        """The answer of navigator.credentials.create."""
        public = ES256.from_cryptography_key(self.key.public_key())
        data = self._data(ATTESTED) + bytes(AttestedCredentialData.create(b"\0" * 16, self.id, public))
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            {
                "clientDataJSON": self._client("webauthn.create", options),
                "attestationObject": websafe_encode(attestation),
            }
        )

    def get(self, options: dict) -> dict:
        """The answer of navigator.credentials.get."""
        client = self._client("webauthn.get", options)
        from fido2.utils import websafe_decode

        data = self._data()
        signed = data + hashlib.sha256(websafe_decode(client)).digest()
        return self._answer(
            {
                "clientDataJSON": client,
                "authenticatorData": websafe_encode(data),
                "signature": websafe_encode(self.key.sign(signed, ec.ECDSA(SHA256()))),
            }
        )

    def _client(self, type_: str, options: dict) -> str:
        said = {"type": type_, "challenge": options["publicKey"]["challenge"], "origin": self.origin}
        return websafe_encode(json.dumps(said).encode())

    def _data(self, more: int = 0) -> bytes:
        flags = bytes([self.flags | more])
        return hashlib.sha256(self.host.encode()).digest() + flags + self.counter.to_bytes(4, "big")

    def _answer(self, response: dict) -> dict:
        id_ = websafe_encode(self.id)
        return {"id": id_, "rawId": id_, "type": "public-key", "response": response, "clientExtensionResults": {}}
