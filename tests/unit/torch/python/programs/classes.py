class Base:
    kind = 'base'
    def __init__(self, x, *, scale=1):
        self.x = x * scale
    def area(self):
        return self.x
    def __repr__(self):
        return f'{type(self).__name__}({self.x})'
    @property
    def twice(self):
        return self.x * 2
    @twice.setter
    def twice(self, value):
        self.x = value // 2
    @staticmethod
    def helper(a, b=2):
        return a * b
    @classmethod
    def make(cls, *args, **kwargs):
        return cls(*args, **kwargs)
class Left(Base):
    def area(self):
        return 'L' + str(super().area())
class Right(Base):
    def area(self):
        return 'R' + str(super(Right, self).area())
class Both(Left, Right):
    kind = 'both'
print([c.__name__ for c in Both.__mro__])
b = Both.make(3, scale=2)
print(b, b.area(), b.twice, b.kind, Base.kind, Both.helper(4), b.helper(4, b=5))
b.twice = 10
print(b.x, isinstance(b, Right), isinstance(b, (int, Left)), issubclass(Both, Base))
print(hasattr(b, 'y'), getattr(b, 'y', 7), getattr(b, 'x'))
setattr(b, 'y', 8)
print(b.y, b.__class__.__name__, type(b) is Both)
del b.y
print(hasattr(b, 'y'), b.__dict__)
class Vec:
    def __init__(self, *v): self.v = list(v)
    def __add__(self, o): return Vec(*[a + b for a, b in zip(self.v, o.v)])
    def __mul__(self, k): return Vec(*[a * k for a in self.v])
    __rmul__ = __mul__
    def __neg__(self): return self * -1
    def __eq__(self, o): return isinstance(o, Vec) and self.v == o.v
    def __len__(self): return len(self.v)
    def __getitem__(self, i): return self.v[i]
    def __setitem__(self, i, x): self.v[i] = x
    def __delitem__(self, i): del self.v[i]
    def __contains__(self, x): return x in self.v
    def __iter__(self): return iter(self.v)
    def __call__(self, k): return [x + k for x in self.v]
    def __str__(self): return 'Vec' + str(tuple(self.v))
    def __bool__(self): return any(self.v)
    def __lt__(self, o): return self.v < o.v
    def __iadd__(self, o):
        self.v.extend(o.v)
        return self
v = Vec(1, 2) + Vec(3, 4)
print(v, 2 * v, v * 3, -v, v == Vec(4, 6), v != Vec(4, 6), len(v), v[0], v[-1], v[:1], 6 in v, 5 in v)
v[0] = 9
v += Vec(7)
del v[1]
print(list(v), v(1), bool(Vec(0)), Vec(1) < Vec(2), [x for x in v], max(v))
a, b = v
print(a, b)
class Countdown:
    def __init__(self, n): self.n = n
    def __iter__(self): return self
    def __next__(self):
        if self.n <= 0:
            raise StopIteration
        self.n -= 1
        return self.n
print(list(Countdown(3)), sum(Countdown(4)), [x for x in Countdown(2)])
class Lazy:
    def __getattr__(self, name):
        if name.startswith('_'):
            raise AttributeError(name)
        return name.upper()
    def __setattr__(self, name, value):
        object.__setattr__(self, name, value + 1)
z = Lazy()
z.a = 1
print(z.a, z.foo, hasattr(z, '_x'))
class Shared:
    items = []
    n = 0
    def add(self, x):
        self.items.append(x)
        self.n += 1
p, q = Shared(), Shared()
p.add(1); q.add(2)
print(p.items, q.n, Shared.n)
class Outer:
    class Inner:
        v = 4
    w = Inner.v + 1
    xs = [i * 2 for i in range(3)]
print(Outer.Inner.v, Outer.w, Outer.xs)
def deco(f):
    def g(*a, **k):
        return ('deco', f(*a, **k))
    return g
class D:
    @deco
    def m(self, x): return x + 1
print(D().m(2))
def tag(cls):
    cls.tagged = True
    return cls
@tag
class T: pass
print(T.tagged, T().tagged)
class New:
    def __new__(cls, *args):
        o = super().__new__(cls)
        o.made = args
        return o
    def __init__(self, *args): self.n = len(args)
n = New(1, 2)
print(n.made, n.n)
class Ctx:
    def __init__(self, swallow): self.swallow = swallow
    def __enter__(self):
        print('enter')
        return 5
    def __exit__(self, t, v, tb):
        print('exit', t is not None, str(v))
        return self.swallow
with Ctx(True) as c, Ctx(False):
    print(c)
    raise ValueError('inside')
print('after')
class A1:
    def __init__(self, **kw):
        self.kw = kw
        super().__init__()
class B1:
    def __init__(self):
        self.b = 'b'
class C1(A1, B1):
    def __init__(self): super().__init__(x=1)
c = C1()
print(c.kw, c.b)
