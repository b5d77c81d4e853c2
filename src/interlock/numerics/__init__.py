"""Number formats and sparsity patterns: the bits they store, and codecs that really store and round, bit for bit."""

from interlock.numerics.codec import Codec, Encoded
from interlock.numerics.codecs import codec, codec_names, planned_format
from interlock.numerics.formats import NumberFormat, known_formats, number_format, operand_format
from interlock.numerics.rounding import Rounding
from interlock.numerics.sparsity import DENSE, Sparsity

__all__ = [
    "DENSE",
    "Codec",
    "Encoded",
    "NumberFormat",
    "Rounding",
    "Sparsity",
    "codec",
    "codec_names",
    "known_formats",
    "number_format",
    "operand_format",
    "planned_format",
]
