"""Real bytes of a model's weights, by the tensor classes of the predictor.

keeps: tied weights count once; what no technique changed counts 16 bits an element, as the predictor has it.
"""

from __future__ import annotations

from torch import nn

from interlock.surgery.decoder import linears
from interlock.surgery.kv_cache import installed
from interlock.surgery.linear import Step, bias_of, weight_of


def stored_bytes(model: nn.Module) -> dict[str, int]:
    """Bytes by class: "linear" (in the blocks), "embedding", "head", "other" (norms, biases), and what stores add."""
    found = {"linear": 0, "embedding": 0, "head": 0, "other": 0}
    inside = set()
    for layer in linears(model).values():
        inside |= {id(part) for part in layer.parameters()}
        own = getattr(layer, "stored_bytes", None)
        parts = own() if own else {"linear": 2 * weight_of(layer).numel()}
        for name, size in parts.items():
            found[name] = found.get(name, 0) + size
        bias = bias_of(layer)
        found["other"] += 0 if bias is None else 2 * bias.numel()
    seen = set(inside)
    for module in model.modules():
        if isinstance(module, Step):
            for name, size in module.stored_bytes().items():
                found[name] = found.get(name, 0) + size
        for parameter in module.parameters(recurse=False):
            if id(parameter) in seen:
                continue
            seen.add(id(parameter))
            named = "embedding" if isinstance(module, nn.Embedding) else "other"
            if isinstance(module, nn.Linear) and parameter.ndim == 2:
                named = "head"
            found[named] += 2 * parameter.numel()
    rule = installed(model)
    if rule is not None and rule.tensors:
        found["cache tables"] = sum(tensor.nbytes for tensor in rule.tensors.values())
    return found
