from nacl.public import Box, PrivateKey
from nacl.pwhash import argon2id
from nacl.signing import SigningKey

a, b = PrivateKey.generate(), PrivateKey.generate()
assert Box(b, a.public_key).decrypt(Box(a, b.public_key).encrypt(b"message")) == b"message"
key = SigningKey.generate()
assert key.verify_key.verify(key.sign(b"signed")) == b"signed"
assert len(argon2id.kdf(16, b"password", b"s" * 16, opslimit=1, memlimit=8192)) == 16
