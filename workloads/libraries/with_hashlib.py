"""hashlib and hmac: digests of long and of short messages, and derivation of keys."""

import hashlib
import hmac

from operations import main, text

LONG = {
    "md5": "f40a3d68",
    "sha1": "d8140ec5",
    "sha256": "5bac8268",
    "sha512": "2d8d98c1",
    "sha3_256": "41b9f0c7",
    "shake_128": "efc443b2",
    "blake2b": "f1aa20c8",
    "blake2s": "a77701b3",
}


def long(name):
    length = (16,) if name == "shake_128" else ()

    def ready():
        data = text(1 << 17) * 16
        return lambda: hashlib.new(name, data).hexdigest(*length)[:8] == LONG[name]

    return ready


def short(function, expected):
    def ready():
        messages = [b"message %d" % i for i in range(2000)]

        def work():
            total = 0
            for message in messages:
                total += function(message)[0]
            return total == expected

        return work

    return ready


if __name__ == "__main__":
    operations = {name: long(name) for name in LONG}
    operations["sha256_short"] = short(lambda message: hashlib.sha256(message).digest(), 261476)
    operations["blake2s_short"] = short(lambda message: hashlib.blake2s(message).digest(), 257266)
    operations["hmac_short"] = short(lambda message: hmac.digest(b"key", message, "sha256"), 254299)
    operations["pbkdf2"] = lambda: lambda: hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 20000)[0] == 42
    operations["scrypt"] = lambda: lambda: hashlib.scrypt(b"password", salt=b"salt", n=4096, r=8, p=1)[0] == 225
    main(operations)
