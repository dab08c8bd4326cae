def f(a, b=2, *args, c, d=4, **kwargs):
    return (a, b, args, c, d, kwargs)
print(f(1, c=3), f(1, 5, 6, 7, c=8, e=9), f(*[1, 2], **{'c': 3, 'z': 0}))
def pos(a, /, b): return a + b
print(pos(1, b=2))
def defaults(x=[]):
    x.append(1)
    return x
defaults()
print(defaults())
fs = [lambda: i for i in range(3)]
print([g() for g in fs])
fs = [lambda i=i: i for i in range(3)]
print([g() for g in fs])
total = 0
def bump():
    global total
    total += 5
bump(); bump()
print(total)
def counter():
    n = 0
    def inc(by=1):
        nonlocal n
        n += by
        return n
    return inc
c = counter()
c(); c(3)
print(c())
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
print(fib(12))
def gen(n):
    i = 0
    while True:
        if i >= n:
            return
        yield i
        i += 1
print(list(gen(4)), sum(x * x for x in gen(4)), next(gen(1)))
def chain(*its):
    for it in its:
        yield from it
print(list(chain([1], (2, 3), 'ab')))
g = gen(3)
print(next(g), next(g), list(g), next(g, 'done'))
def many():
    return 1, 2
x, y = many()
print(x, y, many())
def early(n):
    for i in range(n):
        for j in range(n):
            if i * j == 6:
                return i, j
    else:
        return None
print(early(4), early(2))
def ret():
    try:
        return 'try'
    finally:
        print('cleanup')
print(ret())
compose = lambda f, g: lambda x: f(g(x))
print(compose(lambda x: x + 1, lambda x: x * 2)(5))
def kw(**k): return sorted(k.items())
print(kw(b=1, a=2))
print((lambda *a, **k: (a, k))(1, x=2))
def shadow(list): return list
print(shadow(3))
def outer(x):
    def mid():
        def inner():
            return x
        return inner
    return mid()()
print(outer('deep'))
def unbound():
    try:
        print(q)
    except UnboundLocalError:
        print('unbound')
    q = 1
unbound()
print(f.__name__, (lambda: 0).__name__)
f.tag = 3
print(f.tag)
def ann(a: int, b: 'str' = 'x') -> None: return a, b
print(ann(1))
print(list(map(lambda p: p[0] + p[1], zip([1, 2], [3, 4]))), list(filter(None, [0, 1, '', 'a'])))
print(sorted([3, 1, 2], key=lambda v: -v), max([1, 5, 3]), min('b', 'a'), any([0, 1]), all([]))
def rec(n):
    return 0 if n == 0 else 1 + rec(n - 1)
print(rec(300))
