"""Tensors of other libraries, through DLPack's protocol."""

import ctypes

from ._library import Tensor

_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype = ctypes.c_void_p
_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


def borrow(value, stream, where):
    """The tensor of `value`, and what keeps it alive. `stream` is where its device will use it; 0, which DLPack does not
    have, is the default one."""
    if not hasattr(value, "__dlpack__"):
        raise TypeError(f"{where}: expected a tensor with __dlpack__, but got {type(value).__name__}")
    on_gpu = value.__dlpack_device__()[0] == 2
    capsule = value.__dlpack__(stream=stream or None) if on_gpu else value.__dlpack__()
    # A managed tensor begins with its tensor.
    return Tensor.from_address(_pointer(capsule, b"dltensor")), capsule
