"""Vectors of numbers that code compiled by Numba keeps in registers: as wide as the code says, on every processor.

Left to find them by itself, LLVM makes vectors of few of the loops over the units of a layer.
"""

import operator
from collections.abc import Callable
from platform import machine
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.extending import intrinsic, overload, register_model

_INT, _BYTE = ir.IntType(32), ir.IntType(8)
_SCALAR = {"float32": ir.FloatType(), "uint32": _INT}


class Vector(types.Type):
    """So many lanes of float32 or uint32; arithmetic is lane by lane, and a number stands for itself in each."""

    def __init__(self, kind: str, lanes: int):
        self.kind, self.lanes = kind, lanes
        super().__init__(name=f"Vector({kind}, {lanes})")


@register_model(Vector)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, vector: Vector):
        super().__init__(manager, vector, ir.VectorType(_SCALAR[vector.kind], vector.lanes))


def _as(like: Vector, context: Any, builder: Any, value: Any, own: Any) -> Any:
    """A value of a type as a vector like another."""
    if isinstance(own, Vector):
        return value
    number = context.cast(builder, value, own, getattr(types, like.kind))
    nothing = ir.Constant(ir.VectorType(number.type, like.lanes), ir.Undefined)
    first = builder.insert_element(nothing, number, _INT(0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(_INT, like.lanes), None))


def _lanewise(operators: tuple[Callable, ...], floats: str | None, integers: str | None) -> None:
    """Lets operators on vectors be the instructions of these names; a product and a sum may be rounded once."""

    @intrinsic
    def both(typing: Any, a: Any, b: Any) -> Any:
        like = a if isinstance(a, Vector) else b

        def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            pair = (_as(like, context, builder, *each) for each in zip(given, signature.args, strict=True))
            if like.kind == "float32":
                return getattr(builder, str(floats))(*pair, flags=("contract",))
            return getattr(builder, str(integers))(*pair)

        return like(a, b), code

    for each in operators:

        @overload(each, strict=False)
        def of_vectors(a: Any, b: Any) -> Any:
            return (lambda a, b: both(a, b)) if isinstance(a, Vector) or isinstance(b, Vector) else None


_lanewise((operator.add, operator.iadd), "fadd", "add")
_lanewise((operator.sub, operator.isub), "fsub", "sub")
_lanewise((operator.mul, operator.imul), "fmul", "mul")
_lanewise((operator.truediv,), "fdiv", None)
_lanewise((operator.xor,), None, "xor")
_lanewise((operator.rshift,), None, "lshr")


@intrinsic(prefer_literal=True)
def zeros(typing: Any, lanes: Any) -> Any:
    """Float32 zeros in so many lanes, a literal."""
    made = Vector("float32", lanes.literal_value)
    return made(lanes), lambda context, builder, *_: ir.Constant(context.get_value_type(made), None)


@intrinsic
def at_least(typing: Any, x: Any, y: Any, a: Any, b: Any) -> Any:
    """`a` where x >= y, else `b`; one of each pair is a vector."""
    tested, like = (one if isinstance(one, Vector) else other for one, other in ((x, y), (a, b)))

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        of = (tested, tested, like, like)
        x, y, a, b = (_as(each, context, builder, *own) for each, *own in zip(of, given, signature.args, strict=True))
        compare = builder.fcmp_ordered if tested.kind == "float32" else builder.icmp_unsigned
        return builder.select(compare(">=", x, y), a, b)

    return like(x, y, a, b), code


@intrinsic
def bits(typing: Any, x: Any) -> Any:
    """The same bits as a vector of the other kind."""
    other = Vector("uint32" if x.kind == "float32" else "float32", x.lanes)
    return other(x), lambda context, builder, _, given: builder.bitcast(given[0], context.get_value_type(other))


def _function(builder: Any, name: str, result: Any, given: list, fastmath: tuple[str, ...] = ()) -> Any:
    kind = ir.FunctionType(result, [each.type for each in given])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), given, fastmath=fastmath)


@intrinsic
def root(typing: Any, x: Any) -> Any:
    """The square root."""
    name = f"llvm.sqrt.v{x.lanes}f32"
    return x(x), lambda context, builder, _, given: _function(builder, name, given[0].type, [*given])


@intrinsic
def total(typing: Any, x: Any) -> Any:
    """The sum of the lanes."""

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        name = f"llvm.vector.reduce.fadd.v{x.lanes}f32"
        return _function(builder, name, ir.FloatType(), [ir.FloatType()(0.0), *given], ("reassoc",))

    return types.float32(x), code


def _pointer(context: Any, builder: Any, signature: Any, given: Any) -> Any:
    """Of the first two arguments, an array and a place in it, as they lie in memory."""
    data = context.make_array(signature.args[0])(context, builder, given[0]).data
    return builder.gep(data, [context.cast(builder, given[1], signature.args[1], types.intp)])


@intrinsic
def load(typing: Any, array: Any, at: Any, like: Any) -> Any:
    """As many numbers of an array, from a place on, as another vector has lanes."""
    made = Vector(str(array.dtype), like.lanes)

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        kind = context.get_value_type(made)
        read = builder.load(builder.bitcast(_pointer(context, builder, signature, given), kind.as_pointer()))
        read.align = 4
        return read

    return made(array, at, like), code


@intrinsic
def store(typing: Any, array: Any, at: Any, value: Any) -> Any:
    """Puts a vector, or a number with all its bytes, into an array from a place on."""

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        place = builder.bitcast(_pointer(context, builder, signature, given), given[2].type.as_pointer())
        builder.store(given[2], place).align = array.dtype.bitwidth // 8
        return context.get_dummy_value()

    return types.void(array, at, value), code


@intrinsic
def number(typing: Any, array: Any, at: Any) -> Any:
    """One of an array; unlike `array[at]`, which looks whether `at` is negative."""
    return array.dtype(array, at), lambda *given: given[1].load(_pointer(*given))


@intrinsic
def prefetch(typing: Any, array: Any, at: Any) -> Any:
    """Begins to fetch a place of an array."""

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        place = builder.bitcast(_pointer(context, builder, signature, given), _BYTE.as_pointer())
        _function(builder, "llvm.prefetch.p0", ir.VoidType(), [place, _INT(0), _INT(3), _INT(1)])
        return context.get_dummy_value()

    return types.void(array, at), code


@intrinsic
def flush_denormals(typing: Any, mode: Any) -> Any:
    """Sets how this thread treats numbers below the normal ones, which are slow, on x86; returns how it did before.

    Weights that only decay end there.
    """

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        if machine() not in ("x86_64", "AMD64"):  # elsewhere they are as fast as others
            return given[0]
        place = cgutils.alloca_once(builder, _INT)
        address = builder.bitcast(place, _BYTE.as_pointer())
        _function(builder, "llvm.x86.sse.stmxcsr", ir.VoidType(), [address])
        before = builder.load(place)
        builder.store(given[0], place)
        _function(builder, "llvm.x86.sse.ldmxcsr", ir.VoidType(), [address])
        return before

    return types.uint32(types.uint32), code
