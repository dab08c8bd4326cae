# math, functools, itertools, collections, dataclasses, enum, copy, argparse, typing.
import math, functools, itertools, collections, copy, operator, os
from collections import OrderedDict, namedtuple, defaultdict, Counter, deque
from functools import partial, reduce, wraps, lru_cache
from dataclasses import dataclass, field, asdict, replace, fields
from enum import Enum, IntEnum, auto
from typing import NamedTuple, Optional, List, Union, Callable, Any, TypeVar, Generic, Tuple
import collections.abc
import argparse
print(math.sqrt(16), math.floor(2.7), math.ceil(2.1), math.floor(-2.5), math.log2(8), math.log(math.e), math.pi, math.prod([2, 3]), math.gcd(12, 18), math.lcm(4, 6), math.factorial(5), math.comb(5, 2), math.perm(5, 2), math.isqrt(17), math.hypot(3, 4), math.inf, math.isclose(0.1 + 0.2, 0.3), math.exp(0), math.trunc(-2.7), math.fsum([0.1] * 10), math.copysign(1, -2), math.log(8, 2), math.log10(1000), math.fmod(7, 3))
print(reduce(lambda a, b: a * b, [1, 2, 3, 4]), reduce(operator.add, [1, 2], 10), partial(int, base=2)('101'), partial(max, 5)(3))
p = partial(lambda a, b, c=0: (a, b, c), 1, c=3); print(p(2), p(2, c=4), p.args, p.keywords)
def deco(f):
    @wraps(f)
    def inner(*a, **k): return f(*a, **k) + 1
    return inner
@deco
def one(): return 1
@lru_cache(maxsize=None)
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
print(one(), fib(12))
print(list(itertools.chain([1], (2, 3))), list(itertools.chain.from_iterable([[1], [2]])), list(itertools.repeat(7, 2)), list(itertools.product('ab', [1, 2])), list(itertools.product([0, 1], repeat=2)), list(itertools.combinations([1, 2, 3], 2)), list(itertools.permutations([1, 2, 3], 2)), list(itertools.accumulate([1, 2, 3])), list(itertools.accumulate([1, 2, 3], operator.mul)), list(itertools.islice(itertools.count(5, 2), 3)), list(itertools.islice(itertools.cycle('ab'), 1, 5)), list(itertools.zip_longest([1, 2], 'a', fillvalue='-')), list(itertools.starmap(pow, [(2, 3)])), list(itertools.takewhile(lambda v: v < 3, [1, 2, 3, 1])), list(itertools.dropwhile(lambda v: v < 3, [1, 2, 3, 1])), list(itertools.pairwise([1, 2, 3])), [(k, list(g)) for k, g in itertools.groupby('aabc')], list(zip(itertools.count(), 'ab')), list(itertools.combinations_with_replacement('ab', 2)), list(itertools.filterfalse(None, [0, 1])))
od = OrderedDict([('a', 1), ('b', 2)]); od['c'] = 3; od.move_to_end('a'); print(list(od.items()), isinstance(od, dict), od.popitem(last=False), len(od), list(od))
P = namedtuple('P', 'x y', defaults=[5]); q = P(1); print(q, q.x, q[1], q._replace(x=9), q._asdict(), P._fields, P(y=2, x=1) == (1, 2), isinstance(q, tuple), len(q)); a, b = q; print(a, b)
class Cfg(NamedTuple):
    width: int
    depth: int = 3
print(Cfg(4), Cfg(4).depth, Cfg(depth=1, width=2), Cfg._fields)
dd = defaultdict(list); dd['a'].append(1); dd['b']; print(dict(dd), len(dd)); c = Counter('aab'); print(c['a'], c['z'], c.most_common(1), dict(c))
q = deque([1, 2, 3], maxlen=3); q.append(4); q.appendleft(0); print(list(q), len(q), q.popleft(), q.pop(), q[0]); q = deque('ab'); q.rotate(1); print(q)
@dataclass
class Point:
    x: int
    y: int = 2
    tags: list = field(default_factory=list)
    def norm(self): return self.x + self.y
@dataclass(order=True)
class Sub(Point):
    z: float = 0.5
a = Point(1); b = Point(1, tags=[]); a.tags.append('t'); print(a, b, a == b, a.norm(), asdict(a), replace(a, x=7), [f.name for f in fields(a)], Sub(1, 2, [], 3.0), Sub(x=4).z, Sub(1, 2) < Sub(1, 3), Point(1) == Point(1))
class Color(Enum):
    RED = 1
    GREEN = auto()
    def low(self): return self.name.lower()
print(Color.RED, Color(2), Color['RED'], Color.RED.value, Color.GREEN.low(), list(Color), Color.RED is Color(1), Color.RED == 1, repr(Color.RED), {Color.RED: 'r'}[Color.RED], len([c for c in Color]), isinstance(Color.RED, Color))
class Level(IntEnum):
    LOW = 1
    HIGH = 5
print(Level.HIGH > 3, Level.LOW == 1, int(Level.HIGH), Level(5).name)
class Act(str, Enum):
    RELU = 'relu'
print(Act.RELU == 'relu', Act('relu').name, Act.RELU.value)
x = [1, [2, 3], {'a': (4, [5])}]; y = copy.deepcopy(x); y[1].append(9); y[2]['a'][1].append(6); z = copy.copy(x); z.append(0); print(x, y, len(z))
class Node:
    def __init__(self, v): self.v = v; self.me = self; self.items = [v]
n = Node(3); m = copy.deepcopy(n); m.items.append(1); print(m is not n, m.me is m, n.items, m.items)
ap = argparse.ArgumentParser(description='x'); ap.add_argument('--latent-dim', type=int, default=100, help='h'); ap.add_argument('-b', '--batch', type=int, default='8'); ap.add_argument('--fast', action='store_true'); ap.add_argument('name', nargs='?', default='n'); opt = ap.parse_args(args=[]); print(opt.latent_dim, opt.batch, opt.fast, opt.name, vars(opt)['batch'], opt)
print(isinstance([], collections.abc.Iterable), isinstance(3, collections.abc.Iterable), isinstance('a', collections.abc.Sequence), isinstance({}, collections.abc.Mapping), isinstance(len, Callable), os.path.join('a', 'b', 'c.txt'), os.path.basename('a/b.c'), os.path.splitext('a/b.tar.gz'), os.path.dirname('a/b/c'))
print(operator.itemgetter(1)([5, 6]), operator.itemgetter('a', 'b')({'a': 1, 'b': 2}), operator.attrgetter('real')(5))
T = TypeVar('T')
class Box(Generic[T]):
    def __init__(self, v: Optional[List[int]] = None) -> None: self.v: Union[int, str] = v
    @property
    def w(self): return self.v
    @w.setter
    def w(self, value): self.v = value * 2
    @staticmethod
    def make(v): return Box(v)
    @classmethod
    def kind(cls): return cls.__name__
b = Box.make(3); b.w = 5; print(b.w, Box.kind(), b.kind()); setattr(b, 'q', 1); print(b.q, hasattr(b, 'q')); delattr(b, 'q'); print(hasattr(b, 'q'), vars(b))
