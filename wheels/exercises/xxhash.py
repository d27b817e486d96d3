import xxhash

assert xxhash.xxh32(b"", seed=0).hexdigest() == "02cc5d05"
assert xxhash.xxh64(b"").hexdigest() == "ef46db3751d8e999"
assert xxhash.xxh3_64(b"ab").digest() == (lambda h: (h.update(b"a"), h.update(b"b"), h.digest()))(
    xxhash.xxh3_64())[2]
