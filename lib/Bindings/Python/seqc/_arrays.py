"""NumPy arrays as the C API's tensors."""

import ctypes

import numpy as np

from ._library import DataType, Device, Tensor

try:
    from ml_dtypes import bfloat16 as _bfloat16
except ImportError:
    _bfloat16 = np.uint16

# Our name of a type: NumPy's type, DLPack's code.
_TYPES = {
    "f64": (np.float64, 2),
    "f32": (np.float32, 2),
    "f16": (np.float16, 2),
    "bf16": (_bfloat16, 4),
    "complex128": (np.complex128, 5),
    "complex64": (np.complex64, 5),
    "i64": (np.int64, 0),
    "i32": (np.int32, 0),
    "i16": (np.int16, 0),
    "i8": (np.int8, 0),
    "bool": (np.bool_, 6),
}


class Parameter:
    """One argument or result: `name`, `dtype`, `shape` (numbers, size names or "?"), `scalar`."""

    def __init__(self, fields):
        self.name = fields["name"]
        self.type_name = fields["dtype"]
        self.shape = tuple(fields["shape"])
        self.scalar = fields["scalar"]
        kind, code = _TYPES[self.type_name]
        self.dtype = np.dtype(kind)
        self._type = DataType(code, self.dtype.itemsize * 8, 1)

    def __str__(self):
        if self.scalar:
            return f"{self.name}: {self.type_name}"
        return f"{self.name}: {self.type_name}[{', '.join(map(str, self.shape))}]"

    def read(self, value, where):
        """`value` as a contiguous array of this parameter's type.

        Arrays keep their type, and a wrong one is a TypeError; Python numbers are converted if
        the type holds them exactly or it is a float. The rank and sizes are checked by the call.
        """
        if getattr(value, "__dlpack_device__", lambda: (1, 0))()[0] != 1:
            raise TypeError(
                f"{where}: argument '{self.name}': expected an array in CPU memory, but got one on "
                f"a device; into() takes tensors of devices"
            )
        if self.scalar and not isinstance(value, (np.ndarray, np.generic)):
            array = self._number(value, where)
        else:
            array = np.asarray(value)
        if array.dtype != self.dtype:
            raise TypeError(
                f"{where}: argument '{self.name}': expected {self.dtype.name}, "
                f"but got {array.dtype.name}"
            )
        if array.ndim and not array.flags.c_contiguous:
            array = np.ascontiguousarray(array)
        return array if array.flags.aligned else array.copy()

    def _number(self, value, where):
        try:
            array = np.asarray(value, dtype=self.dtype)
            if self.dtype.kind in "ib" and array != value:
                raise OverflowError
        except (TypeError, ValueError, OverflowError):
            raise TypeError(
                f"{where}: argument '{self.name}': expected a number that fits "
                f"{self.type_name}, but got {value!r}"
            ) from None
        return array

    def tensor(self, array):
        """A tensor over `array`'s memory and sizes, which the caller keeps alive."""
        sizes = (ctypes.c_int64 * max(array.ndim, 1))(*array.shape)
        return Tensor(array.ctypes.data, Device(1, 0), array.ndim, self._type, sizes, None, 0)

    def blank(self, rank):
        """A tensor of `rank` unknown sizes and no memory."""
        sizes = (ctypes.c_int64 * max(rank, 1))()
        return Tensor(None, Device(1, 0), rank, self._type, sizes, None, 0)


def pointers(tensors):
    """A C array of pointers to `tensors`, whose entries may be None."""
    kind = ctypes.POINTER(Tensor)
    return (kind * max(len(tensors), 1))(*(ctypes.pointer(t) if t is not None else kind() for t in tensors))
