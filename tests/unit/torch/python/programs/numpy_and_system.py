# numpy as layers are built with it, and quiet modules.
import numpy as np
import os, sys, time, warnings, logging, random, abc
from abc import ABC, abstractmethod
print(int(np.prod((3, 4, 5))), int(np.sqrt(49)), np.pi, [float(v) for v in np.linspace(0, 1, 5)], [int(v) for v in np.cumsum([1, 2, 3])], np.arange(3).tolist(), len(np.zeros(4)), np.array([1, 2]).tolist(), (np.array([1, 2]) * 2).tolist(), float(np.mean([1, 2, 3])), int(np.ceil(2.1)), int(np.log2(64)), int(np.max([3, 9])))
print(float(np.float32(0.1)), int(np.int64(7)), (np.arange(4) / 2).tolist(), (1 - np.array([0.25, 0.5])).tolist(), np.ones(2).tolist(), np.array([1, 2.5]).tolist(), [int(v) for v in np.array([4, 5, 6])[1:]])
warnings.warn('x'); warnings.filterwarnings('ignore'); logging.basicConfig(level=logging.INFO); logging.getLogger(__name__).info('hi %d', 3); random.seed(0); os.makedirs('/tmp/none_such', exist_ok=True); start = time.time()
print(os.path.exists('/nonexistent'), os.environ.get('NO_SUCH', 'd'), isinstance(sys.argv, list), sys.maxsize, sys.version_info >= (3, 6), sys.version_info[0])
class Base(ABC):
    @abstractmethod
    def f(self): ...
    @property
    @abstractmethod
    def g(self): ...
class C(Base):
    def f(self): return 1
    @property
    def g(self): return 2
print(C().f(), C().g, isinstance(C(), Base), __name__)
with warnings.catch_warnings():
    print('in', file=sys.stderr)
