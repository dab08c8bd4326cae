"""Calls shared libraries of `lathe compile` through ctypes: what a model takes and gives is read from the library.

    model = Model("./libdigits.so")
    (probabilities,) = model(images)

Arrays are numpy's. The structures are those of lathe/model.h.
"""

import ctypes
import pathlib

import numpy

DTYPES = {
    1: numpy.float32, 2: numpy.uint8, 3: numpy.int8, 4: numpy.uint16, 5: numpy.int16, 6: numpy.int32, 7: numpy.int64, 9: numpy.bool_,
    10: numpy.float16, 11: numpy.float64, 12: numpy.uint32, 13: numpy.uint64,
}  # fmt: skip


class Axis(ctypes.Structure):
    _fields_ = [("size", ctypes.c_int64), ("text", ctypes.c_char_p)]


class Port(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("axes", ctypes.POINTER(Axis)), ("rank", ctypes.c_int32), ("element", ctypes.c_int32)]


class Symbol(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("least", ctypes.c_int64), ("most", ctypes.c_int64), ("input", ctypes.c_int32), ("axis", ctypes.c_int32)]


SizesFunction = ctypes.CFUNCTYPE(None, ctypes.POINTER(ctypes.c_int64), ctypes.POINTER(ctypes.c_int64))


class Descriptor(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_uint32), ("runtime_version", ctypes.c_int32), ("name", ctypes.c_char_p),
        ("inputs", ctypes.POINTER(Port)), ("outputs", ctypes.POINTER(Port)), ("symbols", ctypes.POINTER(Symbol)),
        ("variants", ctypes.c_void_p), ("sizes", SizesFunction), ("data", ctypes.c_void_p), ("data_rows", ctypes.c_void_p),
        ("weights_fingerprint", ctypes.c_uint64), ("state", ctypes.c_void_p), ("input_count", ctypes.c_int32),
        ("output_count", ctypes.c_int32), ("symbol_count", ctypes.c_int32), ("variant_count", ctypes.c_int32),
        ("data_count", ctypes.c_int32), ("value_count", ctypes.c_int32),
    ]  # fmt: skip


class Execution(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_uint32), ("threads", ctypes.c_int32), ("parallel_for", ctypes.c_void_p),
        ("parallel_context", ctypes.c_void_p), ("allocate", ctypes.c_void_p), ("release", ctypes.c_void_p),
        ("allocator_context", ctypes.c_void_p), ("message", ctypes.c_void_p), ("message_size", ctypes.c_size_t),
    ]  # fmt: skip


class Model:
    """A model in a library `libP.so` (or `P.so`), with its weights beside it if they are in a file."""

    def __init__(self, path: str, prefix: str = ""):
        file = pathlib.Path(path).resolve()
        self.prefix = prefix or file.stem.removeprefix("lib")
        self._library = ctypes.CDLL(str(file))
        describe = getattr(self._library, f"{self.prefix}_model")
        describe.restype = ctypes.POINTER(Descriptor)
        self._model = describe()
        self._descriptor = self._model.contents
        self._run = getattr(self._library, f"{self.prefix}_run_in")
        self.inputs = self._descriptor.inputs[: self._descriptor.input_count]
        self.outputs = self._descriptor.outputs[: self._descriptor.output_count]
        self.symbols = self._descriptor.symbols[: self._descriptor.symbol_count]
        if self._descriptor.data_rows:
            self._load(file.with_name(f"{self.prefix}.weights"))

    def _load(self, weights: pathlib.Path) -> None:
        message = ctypes.create_string_buffer(512)
        if self._library.lathe_model_load_weights(self._model, bytes(weights), message, ctypes.c_size_t(len(message))) != 0:
            raise OSError(message.value.decode())

    def __call__(self, *arrays: numpy.ndarray) -> list[numpy.ndarray]:
        if len(arrays) != len(self.inputs):
            raise TypeError(f"{self.prefix} takes {len(self.inputs)} inputs, not {len(arrays)}")
        inputs = [numpy.ascontiguousarray(array, DTYPES[port.element]) for array, port in zip(arrays, self.inputs)]
        for array, port in zip(inputs, self.inputs):
            if array.ndim != port.rank:
                raise ValueError(f"{port.name.decode()} has {port.rank} axes, not {array.ndim}")
        symbols = (ctypes.c_int64 * max(1, len(self.symbols)))(
            *(inputs[symbol.input].shape[symbol.axis] if symbol.input >= 0 else 0 for symbol in self.symbols)
        )
        for symbol, value in zip(self.symbols, symbols):
            if symbol.input >= 0 and not symbol.least <= value <= symbol.most:
                raise ValueError(f"{symbol.name.decode()} must be in [{symbol.least}, {symbol.most}], not {value}")
        # Bytes of the arena, then all axes of the inputs and of the outputs.
        values = (ctypes.c_int64 * self._descriptor.value_count)()
        self._descriptor.sizes(symbols, values)
        arena_bytes, *axes = values
        shapes = []
        for port in (*self.inputs, *self.outputs):
            shapes.append(tuple(axes[: port.rank]))
            axes = axes[port.rank :]
        for array, port, shape in zip(inputs, self.inputs, shapes):
            if array.shape != shape:
                raise ValueError(f"{port.name.decode()} must be {shape}, not {array.shape}")
        outputs = [numpy.empty(shape, DTYPES[port.element]) for port, shape in zip(self.outputs, shapes[len(inputs) :])]

        memory = numpy.empty(arena_bytes + 128, numpy.uint8)
        arena = (memory.ctypes.data + 63) // 64 * 64
        message = ctypes.create_string_buffer(512)
        execution = Execution(struct_size=ctypes.sizeof(Execution), threads=1, message=ctypes.addressof(message), message_size=len(message))
        sizes = [ctypes.c_int64(value) for symbol, value in zip(self.symbols, symbols) if symbol.input >= 0]
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in (*inputs, *outputs)]
        if self._run(ctypes.byref(execution), *sizes, *pointers, ctypes.c_void_p(arena)) != 0:
            raise RuntimeError(message.value.decode())
        return outputs
