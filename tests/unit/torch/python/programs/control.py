out = []
for i in range(10):
    if i == 3: continue
    if i == 6: break
    out.append(i)
else:
    out.append('else')
print(out)
for i in []:
    pass
else:
    print('for else')
n = 5
while n:
    n -= 1
    if n == 2: break
else:
    print('no')
print(n)
while n > 0:
    n -= 1
else:
    print('while else', n)
queue = [1]
for q in queue:
    if q < 20: queue.append(q * 3)
print(queue)
def t(x):
    try:
        if x == 0: raise ValueError('zero')
        if x == 1: raise KeyError('one')
        if x == 2: return 'two'
        if x == 3: [][0]
        if x == 4: {}['k']
        if x == 5: 1 / 0
        if x == 6: int('q')
        if x == 7: None.foo
        if x == 8: 'a' + 1
        if x == 9: undefined
    except ValueError as e:
        return 'VE ' + str(e.__class__.__name__)
    except (KeyError, IndexError) as e:
        return type(e).__name__
    except ArithmeticError:
        return 'AE'
    except Exception as e:
        return 'E ' + type(e).__name__
    else:
        return 'else'
    finally:
        print('f', x)
print([t(i) for i in range(11)])
class MyError(ValueError):
    def __init__(self, code):
        super().__init__('code %d' % code)
        self.code = code
try:
    try:
        raise MyError(7)
    except MyError as e:
        print(e, e.code, e.args)
        raise
    finally:
        print('inner finally')
except ValueError as e:
    print('outer', e.code)
try:
    try:
        raise ValueError('a')
    except ValueError as e:
        raise RuntimeError('b') from e
except RuntimeError as e:
    print(e)
try:
    assert 1 == 2, 'message'
except AssertionError as e:
    print('assert', e)
try:
    raise NotImplementedError
except NotImplementedError as e:
    print(repr(str(e)))
def loop():
    for i in range(3):
        try:
            if i == 1: continue
            print('body', i)
        finally:
            print('fin', i)
loop()
def swallow():
    while True:
        try:
            raise ValueError
        finally:
            break
    return 'swallowed'
print(swallow())
try:
    pass
except Exception:
    print('no')
else:
    print('ok')
x = None
if x is None and not []: print('A')
elif x: print('B')
else: print('C')
print('y' if x else 'n', x or 'dflt', 1 and 2, 0 or [] or 'z')
if (n := len('abc')) > 2: print(n)
print([y for x in range(3) if (y := x * 2) > 0], y)
a = b = [1]
a += [2]
print(b, a is b)
a = a + [3]
print(b, a is b)
first, *rest = 'abc'
*init, last = [1, 2, 3]
(p, q), r = (1, 2), 3
[s, t2] = 4, 5
print(first, rest, init, last, p, q, r, s, t2)
d = {'a': {'b': [1, 2]}}
d['a']['b'][0] += 10
d['c'] = 3
del d['c']
print(d)
i = 0
xs = [0, 0]
i, xs[i] = 1, 9
print(i, xs)
del xs[0]
print(xs)
