from charset_normalizer import from_bytes

text = "\u0411\u044b\u043b\u043e \u0431\u044b \u0445\u043e\u0440\u043e\u0448\u043e. " * 20
assert str(from_bytes(text.encode("utf-8")).best()) == text
assert str(from_bytes(text.encode("cp1251")).best()) == text
