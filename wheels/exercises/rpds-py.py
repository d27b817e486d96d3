from rpds import HashTrieMap, HashTrieSet, List

m = HashTrieMap({i: str(i) for i in range(1000)})
n = m.insert("k", 1).remove(5)
assert len(m) == 1000 and len(n) == 1000 and 5 not in n and m[5] == "5"
assert HashTrieSet([1, 2]).union(HashTrieSet([2, 3])) == HashTrieSet([1, 2, 3])
assert list(List([1, 2]).push_front(0)) == [0, 1, 2]
