"""Architectures: reading configs, counting parameters, lowering to operators."""

from interlock.models.catalogue import from_config, known_architectures, model, names
from interlock.models.formats import Formats, Scheme, scheme
from interlock.models.lowering import lower
from interlock.models.model import Model
from interlock.models.parameters import Parameters, count_parameters
from interlock.models.safetensors import StoredWeights, stored
from interlock.models.step import Step, decode, prefill

__all__ = [
    "Formats",
    "Model",
    "Parameters",
    "Scheme",
    "Step",
    "StoredWeights",
    "count_parameters",
    "decode",
    "from_config",
    "known_architectures",
    "lower",
    "model",
    "names",
    "prefill",
    "scheme",
    "stored",
]
