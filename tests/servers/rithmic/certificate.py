"""A certificate authority for one process's life, and the certificate it gives to 127.0.0.1."""

import functools
import ssl
from pathlib import Path

import trustme


@functools.cache
def issued() -> tuple[bytes, bytes]:
    """The authority's certificate, and the server's key and certificates, as PEM."""
    ca = trustme.CA()
    made = ca.issue_cert("127.0.0.1", "localhost")
    parts = (made.private_key_pem, *made.cert_chain_pems)
    return ca.cert_pem.bytes(), b"".join(each.bytes() for each in parts)


def certified(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS context, and the file with the authority's certificate, which a client must
    trust. One that is in the folder already is used again: clients may know it."""
    authority, pair = folder / "rithmic-ca.pem", folder / "rithmic-server.pem"
    if not authority.exists():
        ca, server = issued()
        pair.write_bytes(server)
        authority.write_bytes(ca)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    return context, authority
