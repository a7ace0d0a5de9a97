"""Arrays that end (or begin) at a page that must not be touched.

Inputs are mapped read-only, so code that writes to one dies, as does code that reads or writes
past a tensor. An array that ends at a page's end has only the alignment of its element, so the
same calls test misaligned data.
"""

import ctypes
import mmap

import numpy as np

PAGE = mmap.PAGESIZE
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.mmap.restype = ctypes.c_void_p
LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
LIBC.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
LIBC.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
NONE, READ, WRITE = 0, 1, 2
PRIVATE_ANONYMOUS = 0x22
ANYWHERE = ctypes.c_void_p(-1).value


class Arena:
    """Owns guarded arrays; they are gone when it is left.

    where: "end" (the array's last byte is the page's last), "start" (its first byte is a page's
    first), or "inside" (plain memory, off by `seed` elements from a multiple of 64 bytes).
    """

    def __init__(self, where="end", seed=0):
        self.where, self.seed, self.maps = where, seed, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        self.close()

    def close(self):
        for base, size in self.maps:
            LIBC.munmap(base, size)
        self.maps = []

    def place(self, shape, dtype):
        """An uninitialised array, and its writable pages' address and size."""
        dtype = np.dtype(dtype)
        count = int(np.prod(shape, dtype=np.int64))
        size = count * dtype.itemsize
        slack = 64 + (self.seed % 64) * dtype.itemsize if self.where == "inside" else 0
        pages = max(PAGE, -(-(size + slack) // PAGE) * PAGE)
        base = LIBC.mmap(None, pages + 2 * PAGE, NONE, PRIVATE_ANONYMOUS, -1, 0)
        assert base != ANYWHERE, "mmap failed"
        self.maps.append((base, pages + 2 * PAGE))
        assert LIBC.mprotect(base + PAGE, pages, READ | WRITE) == 0
        start = base + PAGE
        if self.where == "end":
            start += pages - size
        elif self.where == "inside":
            start += slack
        buffer = (ctypes.c_char * max(size, 1)).from_address(start)
        return np.frombuffer(buffer, dtype, count).reshape(shape), base + PAGE, pages

    def read_only(self, values):
        """A copy of `values` that cannot be written."""
        array, base, pages = self.place(values.shape, values.dtype)
        array[...] = values
        assert LIBC.mprotect(base, pages, READ) == 0
        return array

    def output(self, shape, dtype):
        """Memory for a result, filled with a pattern that shows what was never written."""
        array, _, _ = self.place(shape, dtype)
        array.view(np.uint8 if array.ndim else dtype)[...] = 0xA5 if array.ndim else 0
        return array
