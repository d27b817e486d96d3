import regex

assert regex.findall(r"\p{Lu}\w*", "Alpha beta \u00c9toile") == ["Alpha", "\u00c9toile"]
assert regex.fullmatch(r"(\((?:[^()]|(?1))*\))", "(a(b)(c(d)))")
assert regex.search(r"(?:cats){e<=1}", "I like cots").group() == "cots"
assert regex.sub(r"(?<=\d)(?=(?:\d{3})+$)", ",", "1234567") == "1,234,567"
