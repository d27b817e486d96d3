"""hashlib: digests of many short and some long byte strings, copies, HMAC and key derivation."""

import hashlib
import hmac

from common import main

LONG = bytes(range(256)) * 1200
SHORT = [f"message {i}".encode() for i in range(900)]


def work():
    total = 0
    for name in ("sha256", "sha512", "sha1", "md5", "sha3_256", "blake2b"):
        total += hashlib.new(name, LONG).digest()[0]
    for message in SHORT:
        total += hashlib.sha256(message).digest()[1]
        total += hashlib.blake2s(message, digest_size=8).digest()[2]
        total += len(hashlib.sha1(message).hexdigest())
        total += hmac.new(b"key", message, "sha256").digest()[3]
    running = hashlib.sha256()
    for message in SHORT:
        running.update(message)
        total += running.copy().digest()[4]
    return total + hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 4000)[5]


if __name__ == "__main__":
    main(work, 496471)
