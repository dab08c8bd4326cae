# What `except` sees of faults in built-in functions.
def attempt(f):
    try:
        return f()
    except (ValueError, KeyError, TypeError, IndexError, ZeroDivisionError, AttributeError, StopIteration) as e:
        return type(e).__name__
print(attempt(lambda: int('x')), attempt(lambda: {}['a']), attempt(lambda: [][0]), attempt(lambda: 1 / 0), attempt(lambda: 'a' + 1), attempt(lambda: None.x))
print(attempt(lambda: [].index(1)), attempt(lambda: next(iter([]))), attempt(lambda: max([])), attempt(lambda: len(3)), attempt(lambda: range(1.5)), attempt(lambda: [].pop()))
print(attempt(lambda: 'a'.index('z')), attempt(lambda: sorted([1, 'a'])), attempt(lambda: {[]: 1}), attempt(lambda: 'x'.join([1])), attempt(lambda: int([])), attempt(lambda: float('z')))
class Bad(ValueError):
    def __init__(self, code):
        super().__init__('code %d' % code)
        self.code = code
try:
    raise Bad(5)
except ValueError as e:
    print(e, e.code, e.args, repr(e), isinstance(e, Exception))
try:
    raise KeyError('k')
except LookupError as e:
    print(e, str(e))
try:
    try:
        raise RuntimeError('a', 2)
    finally:
        print('finally')
except RuntimeError as e:
    print(e, e.args)
try:
    assert 1 == 2, 'no'
except AssertionError as e:
    print('assert', e)
