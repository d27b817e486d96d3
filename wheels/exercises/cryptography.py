from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

f = Fernet(Fernet.generate_key())
assert f.decrypt(f.encrypt(b"secret")) == b"secret"
key = ed25519.Ed25519PrivateKey.generate()
key.public_key().verify(key.sign(b"message"), b"message")
curve = ec.generate_private_key(ec.SECP256R1())
signed = curve.sign(b"message", ec.ECDSA(hashes.SHA256()))
curve.public_key().verify(signed, b"message", ec.ECDSA(hashes.SHA256()))
digest = hashes.Hash(hashes.SHA256())
digest.update(b"abc")
assert digest.finalize().hex().startswith("ba7816bf8f01cfea")
