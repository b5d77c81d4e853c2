"""Number formats and sparsity patterns: the bits they store. Exact rounding will live here too."""

from interlock.numerics.formats import NumberFormat, known_formats, number_format, operand_format
from interlock.numerics.sparsity import DENSE, Sparsity

__all__ = ["DENSE", "NumberFormat", "Sparsity", "known_formats", "number_format", "operand_format"]
