"""ssl in memory: handshakes, and bulk data by four ciphers."""

import os
import ssl

from operations import main, text

PEM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "localhost.pem")


def contexts(version, curve=None, cipher=None):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(PEM)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(PEM)
    for context in (server, client):
        context.minimum_version = context.maximum_version = version
        if cipher:
            context.set_ciphers(cipher)
    if curve:
        server.set_ecdh_curve(curve)
        client.set_ecdh_curve(curve)
    return server, client


def connect(server, client):
    """Two ends that have shaken hands."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(down, up, server_hostname="localhost"),
        server.wrap_bio(up, down, server_side=True),
    ]
    waiting = list(ends)
    while waiting:
        for end in list(waiting):
            try:
                end.do_handshake()
                waiting.remove(end)
            except ssl.SSLWantReadError:
                pass
    return ends


def handshakes(name, curve=None):
    def ready():
        server, client = contexts(ssl.TLSVersion[name.replace(".", "_")], curve)
        return lambda: connect(server, client)[0].version() == name

    return ready


def bulk(cipher):
    def ready():
        data = text(1 << 14)
        client, server = connect(*contexts(ssl.TLSVersion.TLSv1_2, cipher=cipher))

        def work():
            total = 0
            for _ in range(64):
                client.write(data)
                total += len(server.read(1 << 14))
            return total == len(data) << 6

        return work

    return ready


if __name__ == "__main__":
    main(
        {
            "handshake": handshakes("TLSv1.3"),
            "handshake_p256": handshakes("TLSv1.3", "prime256v1"),
            "handshake_p384": handshakes("TLSv1.3", "secp384r1"),
            "handshake_p521": handshakes("TLSv1.3", "secp521r1"),
            "handshake_tls12": handshakes("TLSv1.2", "prime256v1"),
            "aes128_gcm": bulk("ECDHE-ECDSA-AES128-GCM-SHA256"),
            "aes256_gcm": bulk("ECDHE-ECDSA-AES256-GCM-SHA384"),
            "aes128_cbc": bulk("ECDHE-ECDSA-AES128-SHA256"),
            "chacha20": bulk("ECDHE-ECDSA-CHACHA20-POLY1305"),
        }
    )
