"""One thing that must work whatever moved: `proof.py hashes`, checksums, ciphers or unwinding.

For bolt.py.  `hashes short` takes one message for each.  Exits with 0 if all answers are right, and names those that are not.
"""

import hashlib
import os
import sys

MESSAGE = bytes(i * 7 % 256 for i in range(1100))
LENGTHS = [*range(300), 511, 512, 513, 1023, 1024, 1025]

# For each hash, its digest of b"abc", as published, and half of the SHA-256 of its digests of
# MESSAGE at each of LENGTHS, computed by OpenSSL: every way to fill and cross its blocks.
HASHES = """
md5 900150983cd24fb0d6963f7d28e17f72 35cdf5f56a600e1d2df0596dc9bd3fd6
sha1 a9993e364706816aba3e25717850c26c9cd0d89d 476b414d17220d5ecadcd59871c19e96
sha224 23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7 85ca3a293491e6be88e441395f2f94ef
sha256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad 6343f4f6d024f75ec2c195c59f116507
sha384 cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7 41012d823a62ed24c6bfeeb7b668a189
sha512 ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f 1d39309178f89caa8ed850a69d32602f
sha3_224 e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf 77bda28a19b248ed3eae5a082960ab99
sha3_256 3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532 c500004ebc501274eb10eaf4d8f0af0e
sha3_384 ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf228376d25 0505edaf230b5f4e9cae1c42a6a75149
sha3_512 b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0 61b424fe517d2fff09fc9e88d588cfab
blake2b ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923 4152ba2b2caf41ef9812c67214073791
blake2s 508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982 010bf0aa07aa69c4d26fe894981fb110
shake_128 5881092dd818bf5cf8a3ddb793fbcba74097d5c526a6d35f97b83351940f2cc8 076cf7e37eed6a7404188b612565aae6
shake_256 483366601360a8771c6863080cc4114d8db44530f8f1e1ee4f94ea37e78b5739 76cc77a9534dee006fbc34575b300a8d
"""

# Of RFC 2202 and RFC 4231, the second case.
HMACS = """
md5 750c783e6ab0b503eaa86e310a5db738
sha1 effcdf6ae5eb2fa2d27416d5f184df9c259a7c79
sha256 5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843
sha512 164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737
"""

wrong = []


def expect(what, found, wanted):
    if found != wanted:
        wrong.append(f"{what}: {found!r}, not {wanted!r}")


# ---- hashes -------------------------------------------------------------------------------------


MODULES = {"sha224": "_sha2 _sha256", "sha256": "_sha2 _sha256", "sha384": "_sha2 _sha512",
           "sha512": "_sha2 _sha512", "shake": "_sha3", "blake2b": "_blake2", "blake2s": "_blake2"}


def constructors(name):
    """CPython's own form of a hash, and OpenSSL's if it is there."""
    family = name.split("_")[0]
    for module in [*MODULES.get(family, "_" + family).split(), "_hashlib"]:
        try:
            found = __import__(module)
        except ImportError:
            continue
        make = getattr(found, name, None) or getattr(found, "openssl_" + name, None)
        if make:
            yield f"{module}'s", make


def hashes():
    import hmac
    for line in HASHES.split("\n")[1:-1]:
        name, short, long = line.split()
        size = (32,) if name.startswith("shake") else ()
        for whose, make in constructors(name):
            expect(f"{whose} {name}", make(b"abc").hexdigest(*size), short)
            if "short" in sys.argv:
                continue
            folded = hashlib.sha256()
            for n in LENGTHS:
                in_parts = make(MESSAGE[:n // 3])
                in_parts.update(MESSAGE[n // 3:n])
                folded.update(in_parts.copy().digest(*size))
            expect(f"{whose} {name} at all lengths", folded.hexdigest()[:32], long)
    for line in HMACS.split("\n")[1:-1]:
        name, answer = line.split()
        expect(f"HMAC {name}",
               hmac.new(b"Jefe", b"what do ya want for nothing?", name).hexdigest(), answer)
    _, keyed = next(constructors("blake2b"))
    expect("keyed blake2b", keyed(b"abc", key=b"key", digest_size=16).hexdigest(),
           "2cf02ae16ac225ee731f9d359d8a1c38")


def checksums():
    import binascii
    import random
    import zlib
    check = b"123456789"
    expect("zlib.crc32", zlib.crc32(check), 0xCBF43926)
    expect("binascii.crc32", binascii.crc32(check), 0xCBF43926)
    expect("zlib.adler32", zlib.adler32(check), 0x091E01DE)
    expect("binascii.crc_hqx", binascii.crc_hqx(check, 0), 0x31C3)
    for level in range(10):
        expect(f"zlib, level {level}", zlib.decompress(zlib.compress(MESSAGE * 9, level)),
               MESSAGE * 9)
    twister = random.Random(42)
    expect("Mersenne Twister", [twister.getrandbits(32) for _ in range(3)],
           [2746317213, 478163327, 107420369])
    expect("hash of str", hash("") | hash(b""), 0)


# ---- ciphers ------------------------------------------------------------------------------------


def talk(ssl, server, client):
    """Both ends of a connection in memory; the name of the cipher."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [server.wrap_bio(to_server, to_client, server_side=True),
            client.wrap_bio(to_client, to_server)]
    waiting = list(ends)
    for _ in range(10):
        for end in list(waiting):
            try:
                end.do_handshake()
                waiting.remove(end)
            except ssl.SSLWantReadError:
                pass
    for end, other in ends, ends[::-1]:
        end.write(MESSAGE)
        expect(f"what was sent by {end.cipher()[0]}", other.read(2000), MESSAGE)
    return ends[0].cipher()[0]


def ciphers():
    import ssl
    import test
    certificates = os.path.join(os.path.dirname(test.__file__), "certdata")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    for name in "keycert.pem", "keycertecc.pem":
        path = os.path.join(certificates, name)
        if os.path.exists(path):
            server.load_cert_chain(path)
    server.load_dh_params(os.path.join(certificates, "ffdh3072.pem"))
    talk(ssl, server, client)
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    used = set()
    for cipher in server.get_ciphers():
        if cipher["protocol"] == "TLSv1.3" or cipher["auth"] not in ("auth-rsa", "auth-ecdsa"):
            continue
        client.set_ciphers(cipher["name"])
        used.add(talk(ssl, server, client))
    if len(used) < 6:
        wrong.append(f"only {used} could be tried")


# ---- unwinding ----------------------------------------------------------------------------------


def unwinding():
    """The unwinder goes from a C function called by Python, through Python's, to a C function that
    called Python, and runs what that has to clean up; then that exits with 0."""
    import re
    sys.path.append(os.environ["TMPDIR"])
    import unwinding as ours

    class Thing:
        @property
        def value(self):
            return re.sub("b", lambda m: ours.inner(), "abc")

        def __eq__(self, other):
            return [self.value for _ in range(1)]

        __hash__ = None

    def generate():
        yield Thing() in (Thing(),)

    ours.outer(lambda: sorted(generate(), key=lambda _: max(map(str, generate()))))


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    sys.exit("\n".join(wrong) or 0)
