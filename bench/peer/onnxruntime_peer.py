"""ONNX Runtime as a process that a benchmark talks to: one command a line on standard input, one number a line back.

session PATH THREADS   makes a session; milliseconds
run                    runs it once on fixed random inputs (symbols are 1); microseconds
"""

import sys
import time

import numpy
import onnxruntime


def make_inputs(session):
    generator = numpy.random.default_rng(1)
    feeds = {}
    for value in session.get_inputs():
        shape = [size if isinstance(size, int) else 1 for size in value.shape]
        feeds[value.name] = generator.standard_normal(shape).astype(numpy.float32)
    return feeds


def main():
    session = feeds = None
    print(onnxruntime.__version__, flush=True)
    for line in sys.stdin:
        command = line.rstrip("\n").split("\t")
        start = time.perf_counter()
        if command[0] == "session":
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = int(command[2])
            options.inter_op_num_threads = 1
            session = onnxruntime.InferenceSession(command[1], options, providers=["CPUExecutionProvider"])
            elapsed = (time.perf_counter() - start) * 1e3
            feeds = make_inputs(session)
        else:
            session.run(None, feeds)
            elapsed = (time.perf_counter() - start) * 1e6
        print(elapsed, flush=True)


if __name__ == "__main__":
    main()
