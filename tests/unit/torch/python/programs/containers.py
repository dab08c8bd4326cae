# list, dict, set, tuple, range and the functions over iterables.
l = [3, 1, 2]
l.append(4); l.extend((5, 6)); l.insert(0, 9); l.insert(-1, 8); print(l, l.pop(), l.pop(0), l.index(2), l.count(1))
l.remove(8); l.sort(); print(l, sorted(l, reverse=True), sorted(['b', 'A', 'c'], key=str.lower), list(reversed(l)))
l.reverse(); print(l, l[1:3], l[::2], l[-1], l[:-1], l + [1], l * 2, [1, 2] < [1, 3], [1] == [1.0])
print(sorted([(1, 'b'), (0, 'z'), (1, 'a')]), sorted([('x', 2), ('y', 1), ('z', 2)], key=lambda p: p[1], reverse=True))
d = {'a': 1, 'b': 2}
d.update(c=3); d.update({'d': 4}); d.update([('e', 5)]); print(d, d.get('z'), d.get('z', 0), d.pop('a'), d.pop('q', None), d.setdefault('b', 9), d.setdefault('x', 7))
print(list(d), list(d.keys()), list(d.values()), list(d.items()), 'b' in d, len(d), d.popitem(), dict(zip('ab', [1, 2])), dict(a=1, **{'b': 2}), dict.fromkeys('ab', 0))
print({**d, 'b': 0}, {k: v for k, v in d.items() if v > 2}, dict([(1, 2)]), sorted(d, key=d.get), {1: 'a', True: 'b'})
s = {1, 2, 3}
s.add(4); s.discard(9); s.remove(1); print(s, s | {7}, s & {2, 3}, s - {2}, sorted(s ^ {2, 8}), sorted(s.union([9])), s.issubset({2, 3, 4, 5}), frozenset([1, 2]), {1} <= {1, 2}, 2 in s)
t = (1, 2, 3); print(t.index(2), t.count(3), t + (4,), t[1:], t * 2, tuple('ab'), tuple(range(3)), (1, 2) == (1, 2), hash((1, 2)) == hash((1, 2)))
print(list(range(5)), list(range(1, 10, 3)), list(range(5, 0, -2)), len(range(0, 10, 3)), range(10)[2], 3 in range(5), range(3) == range(0, 3))
print(list(zip([1, 2], 'ab')), list(enumerate('ab', 1)), list(map(lambda a, b: a + b, [1, 2], [3, 4])), list(filter(None, [0, 1, 2])), list(map(str, [1, 2])))
it = iter([1, 2]); print(next(it), next(it), next(it, 'end')); a, *b = [1, 2, 3]; print(a, b); (c, d2), e = (1, 2), 3; print(c, d2, e)
x = [1, 2, 3, 4]; del x[1:3]; print(x); x[1:1] = [7, 8]; print(x); x[::2] = [0, 0]; print(x); print([[0] * 2 for _ in range(2)], [i * j for i in range(2) for j in range(3) if j])
print(isinstance(1, int), isinstance(True, int), isinstance(1.0, (int, float)), isinstance([], list), isinstance('a', str), issubclass(bool, int), type(1) is int, type('a') == str, callable(len), callable(3))
print(getattr([], 'nope', 5), hasattr('a', 'upper'), id(x) == id(x), repr(None), list(iter('ab')), list('abc').index('c'), print is print)
def gen():
    yield 1
    yield from [2, 3]
print(list(gen()), sum(gen()), max(gen()), [*gen(), *'ab'], (lambda *a, **k: (a, k))(1, x=2))
for i in range(3):
    if i == 1: continue
    print(i, end=' ')
else:
    print('done', sep='-')
print(1, 2, sep=', ', end='!\n')
