# Helpers and configurations as model files have them.
from collections import OrderedDict
from functools import partial
import math, copy
def _make_divisible(v, divisor, min_value=None):
    if min_value is None:
        min_value = divisor
    new_v = max(min_value, int(v + divisor / 2) // divisor * divisor)
    if new_v < 0.9 * v:
        new_v += divisor
    return new_v
print([_make_divisible(v, 8) for v in (3, 16.5, 24.1, 37, 100)])
def to_2tuple(x):
    import collections.abc
    if isinstance(x, collections.abc.Iterable):
        return tuple(x)
    return (x, x)
print(to_2tuple(3), to_2tuple([1, 2]))
cfgs = {'A': [64, 'M', 128, 'M'], 'B': [64, 64, 'M']}
for k, v in sorted(cfgs.items()):
    print(k, [x for x in v if x != 'M'], sum(1 for x in v if x == 'M'))
class Registry(dict):
    def register(self, name):
        def wrap(f):
            self[name] = f
            return f
        return wrap
R = Registry()
@R.register('sq')
def sq(x): return x * x
print(R['sq'](4), 'sq' in R, list(R), len(R), isinstance(R, dict), Registry(a=1))
class Config(dict):
    def __getattr__(self, k): return self[k]
    def __setattr__(self, k, v): self[k] = v
c = Config(a=1, b=[2]); c.z = 5; print(c.a, c.b, c['z'], dict(c))
class Opt:
    def __init__(self, **kw): self.__dict__.update(kw)
    def __repr__(self): return 'Opt(%s)' % ', '.join('%s=%r' % i for i in sorted(self.__dict__.items()))
o = Opt(x=1, y='a'); print(o, vars(o), o.x)
print(*[f'{i:02d}' for i in range(3)], sep='|')
print('%-20s %8.3f' % ('loss', 0.12345), '{:>10}'.format('x'), '{0:.3f} {name}'.format(1/3, name='n'))
dims = [1, 28, 28]; print(int(math.prod(dims)), dims[::-1], [*dims, 5], dims[-2:], tuple(d // 2 for d in dims))
x = {'layers': [{'w': 1}, {'w': 2}]}; y = copy.deepcopy(x); y['layers'][0]['w'] = 9; print(x['layers'][0], y['layers'][0])
print(list(map(lambda t: t[0] * t[1], zip([1, 2], [3, 4]))), list(zip(*[(1, 2), (3, 4)])), dict(zip(['a'], [1])), max({'a': 3, 'b': 5}, key={'a': 3, 'b': 5}.get))
act = {'relu': lambda: 'R', 'none': None}.get('relu'); print(act() if act else None)
def f(*args, sep='-', **kw): return sep.join(str(a) for a in args) + str(kw)
print(f(1, 2, sep='+', q=3), f(*range(3), **{'z': 1}))
print([len(w) for w in 'a bb ccc'.split()], ''.join(reversed('abc')), sorted('bca'), sorted({'b': 1, 'a': 2}), list({'a': 1}.items())[0])
print(any(isinstance(v, str) for v in cfgs['A']), all(v for v in [1, 2]), next((v for v in cfgs['A'] if v == 'M'), None))
depths = [2, 2, 6]; dpr = [i * 0.1 / (sum(depths) - 1) for i in range(sum(depths))]; print([round(v, 4) for v in dpr], [dpr[sum(depths[:i]):sum(depths[:i + 1])][-1] == dpr[sum(depths[:i + 1]) - 1] for i in range(3)])
a = b = []; a += [1]; print(b, a is b); i = 5; i **= 2; i //= 3; i %= 5; print(i); s = 'a'; s *= 3; s += 'b'; print(s)
def outer():
    n = 0
    def inc():
        nonlocal n
        n += 1
        return n
    inc(); return inc()
print(outer(), (lambda x, y=2: x + y)(1), [(x, y) for x in range(2) for y in range(x)])
assert isinstance(dims, (list, tuple)), 'x'
while True:
    i += 1
    if i > 7: break
else:
    print('never')
print(i, 3 if i > 5 else 4, not i, -i, +i, 1 < i < 10, i != 8, None or 'd', [] or [1], 0 and 1)
print(type(3).__name__, Opt.__name__, o.__class__.__name__, sq.__name__, type(o) is Opt, str(type(3)), type(None).__name__)
print(round(3.14159, 2), round(2.5), 10 ** 3, 2 ** 0.5, 7 % 3, -7 // 2, 1e-3, 1_000, 0xff, int('10', 2), 3.0 == 3, hash('a') == hash('a'))
try:
    {}['missing']
except KeyError as e:
    print('KeyError', e)
try:
    raise NotImplementedError('unknown act %s' % 'foo')
except NotImplementedError as e:
    print(e)
print('a' 'b', """t
x""", r'\d', '\u00e9', 'tab\t|', 'x'.join(['1', '2']), 'abc'.find('c'), '3.5'.replace('.', ','), 'A-b'.lower().replace('-', '_'))
print(sorted([3, 1, 2], reverse=True), sorted(['b', 'a'], key=lambda s: s), [1, 2, 3].index(3), [1, 2] + [3], [0] * 3, [[]] * 2, [1, [2, [3]]], (1,) + (2,), () == tuple())
print({1, 2} | {3}, {1: 2} | {3: 4}, {'a': {'b': [1, (2, 3)]}}, {**{'a': 1}}, set(), {i: i * i for i in range(3)}, 'a' in {'a': 1}, {1, 2} == {2, 1})
