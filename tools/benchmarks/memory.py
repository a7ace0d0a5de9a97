"""Arrays for timing, the C ABI's tensors over them, and weight files."""
import ctypes
import json
import mmap

import numpy as np

# Arrays that all start on 2 MiB boundaries would fall on the same cache sets.
STAGGER = 1280
HUGE_PAGE = 2 << 20
_offset = 0


def empty(shape, dtype=np.float32):
    """An array in huge pages where the system gives them, aligned to 64 bytes. Touched."""
    global _offset
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    _offset = (_offset + STAGGER) % (HUGE_PAGE // 2)
    area = mmap.mmap(-1, size + 2 * HUGE_PAGE)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        area.madvise(mmap.MADV_HUGEPAGE)
    whole = np.frombuffer(area, np.uint8)
    start = -whole.ctypes.data % HUGE_PAGE + _offset
    part = whole[start:start + size]
    part[:] = 0
    return part.view(dtype).reshape(shape)


def copy(array):
    """The same numbers in single precision in such memory."""
    result = empty(np.shape(array), np.complex64 if np.iscomplexobj(array) else np.float32)
    result[...] = array
    return result


class DLTensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32),
                ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8),
                ("lanes", ctypes.c_uint16), ("shape", ctypes.POINTER(ctypes.c_int64)),
                ("strides", ctypes.POINTER(ctypes.c_int64)), ("byte_offset", ctypes.c_uint64)]


class Context(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint64), ("parallel_for", ctypes.c_void_p), ("pool", ctypes.c_void_p),
                ("scratch", ctypes.c_void_p), ("scratch_bytes", ctypes.c_int64),
                ("error", ctypes.c_char_p), ("error_capacity", ctypes.c_int64),
                ("stats", ctypes.c_void_p), ("stream", ctypes.c_void_p)]


def pointers(made, keep):
    """An array of pointers to the DLTensors `made`, which keeps them and `keep`."""
    array = (ctypes.POINTER(DLTensor) * len(made))(*map(ctypes.pointer, made))
    array.keep = (made, keep)
    return array


def tensors(arrays):
    """An array of pointers to DLTensors over float32 or complex64 `arrays`; keeps what it points at."""
    return pointers([tensor(a.ctypes.data, a.shape, np.iscomplexobj(a), 8 * a.itemsize) for a in arrays], arrays)


def tensor(address, shape, is_complex, bits, device=(1, 0)):
    """A dense DLTensor of floats on `device`, DLPack's type and number."""
    return DLTensor(data=address, device_type=device[0], device_id=device[1], ndim=len(shape),
                    code=5 if is_complex else 2, bits=bits, lanes=1, shape=(ctypes.c_int64 * max(1, len(shape)))(*shape))


def write_safetensors(path, weights):
    """A .safetensors file of float32 arrays by name."""
    header, position = {}, 0
    for name, array in weights.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape),
                        "data_offsets": [position, position + array.nbytes]}
        position += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in weights.values():
            file.write(np.ascontiguousarray(array, np.float32).tobytes())
