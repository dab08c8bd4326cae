# Classes with special methods, dataclasses, enumerations, arguments of every kind.
import functools, itertools, math, enum, typing, dataclasses, contextlib, types, operator
from typing import Dict, List, Optional, Sequence, TYPE_CHECKING, cast
@dataclasses.dataclass
class ModelArgs:
    dim: int = 512
    n_layers: int = 8
    n_kv: Optional[int] = None
    names: List[str] = dataclasses.field(default_factory=lambda: ['a'])
    ratio: float = 0.5
    def __post_init__(self):
        if self.n_kv is None:
            self.n_kv = self.dim // 8
a = ModelArgs(dim=256); print(a, a.n_kv, dataclasses.asdict(a)['names'], dataclasses.replace(a, dim=8).n_kv, a == ModelArgs(256))
try:
    ModelArgs(foo=1)
except TypeError as e:
    print('TypeError')
class Mode(enum.Enum):
    TRAIN = 'train'
    EVAL = 'eval'
    @classmethod
    def default(cls): return cls.EVAL
    @property
    def short(self): return self.value[0]
print(Mode('train'), Mode.default(), Mode.TRAIN.short, [m.value for m in Mode], Mode.TRAIN == Mode.TRAIN, Mode.TRAIN != Mode.EVAL, Mode.TRAIN in (Mode.EVAL, Mode.TRAIN), Mode.__members__['EVAL'].name, f'{Mode.TRAIN}', str(Mode.EVAL), len(Mode.__members__))
s = types.SimpleNamespace(a=1, b='x'); s.c = 2; print(s, s.a)
with contextlib.nullcontext(5) as v: print(v)
class Stack:
    def __init__(self): self.items = []
    def __len__(self): return len(self.items)
    def __getitem__(self, i): return self.items[i]
    def __setitem__(self, i, v): self.items[i] = v
    def __iter__(self): return iter(self.items)
    def __contains__(self, v): return v in self.items
    def __call__(self, v): self.items.append(v); return self
    def __add__(self, o): s = Stack(); s.items = self.items + o.items; return s
    def __eq__(self, o): return self.items == o.items
    def __repr__(self): return f'Stack({self.items})'
    def __bool__(self): return bool(self.items)
    def __lt__(self, o): return len(self) < len(o)
    def __enter__(self): return self
    def __exit__(self, *a): self.items.clear()
s = Stack()(1)(2); s[0] = 7; print(s, len(s), s[1], list(s), 7 in s, s + s, s == Stack(), bool(Stack()), sorted([s, Stack()]), max([s, Stack()], key=len), list(map(str, s)), sum(s), [x for x in reversed(s.items)], list(enumerate(s)))
with s as t: t(3)
print(s)
class Meta:
    registry = {}
    def __init_subclass__(cls, **kw): Meta.registry[cls.__name__] = cls
class A(Meta): pass
class B(A): pass
print(list(Meta.registry), B.__mro__[1].__name__, issubclass(B, Meta), super(B, B()).__init__ is not None)
class P:
    count = 0
    def __new__(cls, *a): cls.count += 1; return super().__new__(cls)
    def __init__(self, x): self.x = x
    def __getattr__(self, n): return n + '!'
    def __hash__(self): return hash(self.x)
p = P(3); print(p.x, p.foo, P.count, {p: 1}[p], getattr(p, 'bar'), p.__dict__, hasattr(p, 'zzz'))
print(list(itertools.chain(*[[1], [2, 3]])), functools.reduce(operator.mul, [2, 3, 4], 1), list(itertools.accumulate([1, 2, 3], initial=10)), cast(int, 'x'), TYPE_CHECKING)
def g(a, b=2, *args, c, d=4, **kw): return (a, b, args, c, d, kw)
print(g(1, c=3), g(1, 2, 3, c=4, e=5), functools.partial(g, 1, c=9)(7), g.__name__)
try:
    g(1)
except TypeError:
    print('missing')
x = [3, 1, 2]; x.sort(key=lambda v: -v); print(x, x.copy() is x, list(dict.fromkeys([1, 1, 2])), [*range(2)], len({*x}), (*x, 0))
print('%s' % [1], '%s %s' % (1, (2,)), '%r' % 'q', '%5.1f%%' % 12.345, '%e' % 12345.678, '%g' % 0.0001, '%i' % 3.9, '%c' % 'x', '%o' % 8, '%X' % 255, '%#x' % 255)
print(f"{'nested ' + f'{1+1}'} {x[0]:>3} {x!r:>12} {3:b} {255:08b} {1e6:,} {-1.5:+.1f} {'é':>3} {'a' if x else 'b'} {{}} {len(x)=}")
