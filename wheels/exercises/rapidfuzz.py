from rapidfuzz import fuzz, process
from rapidfuzz.distance import Levenshtein

assert Levenshtein.distance("kitten", "sitting") == 3
assert fuzz.ratio("abc", "abc") == 100.0
assert process.extractOne("appel", ["apple", "pear", "plum"])[0] == "apple"
