"""The C API of include/seqc-c/seqc.h through ctypes, and its errors as exceptions."""

import ctypes
import os
import pathlib
from ctypes import POINTER, c_char_p, c_int32, c_int64, c_size_t, c_void_p


class Error(RuntimeError):
    """A call that failed; `code` is the error code of the C API."""

    def __init__(self, message, code=0):
        super().__init__(message)
        self.code = code


class CompileError(Error):
    """The model is wrong. The text has file, line and caret."""

    @property
    def diagnostics(self):
        """The compiler's messages, as text or as JSON lines, as asked for."""
        return self.args[0]


class LoadError(Error, OSError):
    """A library that cannot be loaded, or a file that cannot be read or written."""

    def __str__(self):
        return self.args[0]


class Device(ctypes.Structure):
    _fields_ = [("device_type", c_int32), ("device_id", c_int32)]


class DataType(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16)]


class Tensor(ctypes.Structure):
    _fields_ = [
        ("data", c_void_p),
        ("device", Device),
        ("ndim", c_int32),
        ("dtype", DataType),
        ("shape", POINTER(c_int64)),
        ("strides", POINTER(c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


class Options(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("name", c_char_p),
        ("schedule", c_char_p),
        ("march", c_char_p),
        ("assume", c_char_p),
        ("weights", c_char_p),
        ("precise", c_int32),
        ("diagnostics_json", c_int32),
        ("no_cache", c_int32),
        ("threads", c_int32),
        ("streaming_exact", c_int32),
        ("certificate", c_char_p),
        ("target_facts", c_char_p),
        ("device", c_char_p),
    ]


class Stats(ctypes.Structure):
    _fields_ = [
        (name, c_int64)
        for name in ("sequences", "steps", "evaluated", "passes", "repaired", "jumps", "one_by_one")
    ]


class Context(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_uint64),
        ("parallel_for", c_void_p),
        ("pool", c_void_p),
        ("scratch", c_void_p),
        ("scratch_bytes", c_int64),
        ("error", c_void_p),
        ("error_capacity", c_int64),
        ("stats", POINTER(Stats)),
        ("stream", c_void_p),
    ]


_TENSORS = POINTER(POINTER(Tensor))
_SIGNATURES = {
    "version": (c_char_p,),
    "last_error": (c_char_p,),
    "compile_text": (c_int32, c_char_p, c_size_t, POINTER(Options), POINTER(c_void_p)),
    "compile_bytecode": (c_int32, c_char_p, c_size_t, POINTER(Options), POINTER(c_void_p)),
    "compile_file": (c_int32, c_char_p, POINTER(Options), POINTER(c_void_p)),
    "load": (c_int32, c_char_p, POINTER(c_void_p)),
    "save": (c_int32, c_void_p, c_char_p, c_char_p),
    "release": (None, c_void_p),
    "clear_cache": (None,),
    "diagnostics": (c_char_p, c_void_p),
    "info": (c_char_p, c_void_p),
    "find": (c_void_p, c_void_p, c_char_p),
    "call": (c_int32, c_void_p, c_void_p, _TENSORS, c_int32),
    "shapes": (c_int32, c_void_p, _TENSORS, c_int32),
    "state_bytes": (c_int64, c_void_p, POINTER(c_int64), c_int32),
    "state_init": (
        c_int32,
        c_void_p,
        c_void_p,
        c_int64,
        POINTER(c_int64),
        c_int32,
        _TENSORS,
        c_int32,
    ),
    "step": (c_int32, c_void_p, c_void_p, c_void_p, c_int64, _TENSORS, c_int32),
}


def _find():
    """Path of libseqc.so: SEQC_LIBRARY, or in this package, or in the
    build folder that the package is in."""
    given = os.environ.get("SEQC_LIBRARY")
    if given:
        return given
    here = pathlib.Path(os.path.abspath(__file__)).parent
    folders = [here, here.parent.parent / "lib"]
    for folder in folders:
        if (folder / "libseqc.so").exists():
            return str(folder / "libseqc.so")
    raise ImportError(
        "expected libseqc.so beside the package or in SEQC_LIBRARY, but found none in "
        + ", ".join(map(str, folders))
    )


def _open():
    try:
        library = ctypes.CDLL(_find())
    except OSError as error:
        raise ImportError(f"cannot load libseqc.so: {error}") from None
    for name, (result, *arguments) in _SIGNATURES.items():
        function = getattr(library, "seqc_" + name)
        function.restype = result
        function.argtypes = arguments
    return library


_LIBRARY = _open()


def function(name):
    """The C function `seqc_<name>`."""
    return getattr(_LIBRARY, "seqc_" + name)


def version():
    """The compiler's version, e.g. "0.1.0 (LLVM 22.1.8)"."""
    return function("version")().decode()


# Codes of seqc_abi.h and seqc.h that are another exception than Error.
_TYPE_CODES = {3}
_VALUE_CODES = {1, 2, 4, 5, 6, 7, 9, 10, 11, 15, 100}
_FILE_CODES = {102, 103, 104}


def check(code):
    """Raises this thread's last error if `code` is one. Negative codes are errors, too."""
    code = abs(code)
    if code == 0:
        return
    message = function("last_error")().decode(errors="replace")
    if code in _TYPE_CODES:
        raise TypeError(message)
    if code in _VALUE_CODES:
        raise ValueError(message)
    if code == 14:
        raise MemoryError(message)
    if code == 101:
        raise CompileError(message, code)
    raise (LoadError if code in _FILE_CODES else Error)(message, code)
