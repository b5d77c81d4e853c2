"""Quantization-aware training: weights learn through their rounding, which the backward pass takes to be none."""

from typing import Any

from interlock.exhibits.base import Reproduction, below, claim, holds, reproduction
from interlock.exhibits.lab_model import compared_on_smollm2, judged, judged_after, lab_calibration, lab_model

NEEDS = "lab"
CLAIM = claim("simulates rounding in the forward pass, gradients pass straight through",
              "Jacob et al. 2018, section 3; the survey, IV-C.1")  # fmt: skip
STEPS, RATE = 10, 3e-4
NEAREST = "round-to-nearest:bits=4,group_size=0"


def shorter() -> Any:
    """The calibration tokens in sequences of 128, to be trained on."""
    from interlock.surgery.calibration import Calibration

    return Calibration(tokens=lab_calibration().tokens.view(-1, 128))


def tuned() -> Any:
    """The model after the same training without rounding."""
    from interlock.surgery.decoder import linears
    from interlock.surgery.training import train

    model = lab_model()
    train(model, shorter(), [layer.weight for layer in linears(model).values()], steps=STEPS, learning_rate=RATE)  # type: ignore[misc]
    return model


def integer_equals_fake() -> bool:
    """Whether codes multiplied as integers, then scaled, give what the training pass computes, to the last bit.

    In fp64, where products of two codes and two fp16 scales, and their sums, are exact.
    """
    import torch

    from interlock.surgery.grid import IntegerGrid
    from interlock.surgery.quantization_aware import RoundedLinear

    weight: Any = lab_model().get_submodule("model.layers.0.mlp.gate_proj").weight.detach()
    layer, grid = RoundedLinear(weight, None, IntegerGrid(bits=4)), IntegerGrid(bits=4)
    scale, zero = grid.fit(weight)
    codes = grid.codes(weight, scale, zero).long() - zero.long()
    read = torch.randint(-127, 128, (64, weight.shape[1]), generator=torch.Generator().manual_seed(0))
    step = torch.tensor(0.0173).half().double()
    fake = (read * step) @ layer.rounded().detach().double().T
    whole = (read @ codes.T).double() * step * scale.double().T
    return bool(torch.equal(fake, whole)) and bool(torch.equal(layer.rounded().detach(), layer.store().dequantize()))


def run() -> Reproduction:
    """4 bits, one scale a row: trained through rounding, against rounding before and after the same training."""
    from interlock import techniques

    before = judged_after(NEAREST).perplexity
    after = judged(techniques.technique(NEAREST).apply(tuned()).model).perplexity
    aware = techniques.technique(f"qat:bits=4,group_size=0,steps={STEPS},learning_rate={RATE:f}")
    found = judged(aware.apply(lab_model(), shorter()).model).perplexity
    told = f"to nearest {before:.4g}; trained, then to nearest {after:.4g}; trained through rounding {found:.4g}"
    return reproduction(
        below("4-bit perplexity, QAT over nearest", 0.95, found / before, note=told),
        below("4-bit perplexity, QAT over training first and rounding then", 0.999, found / after),
        compared_on_smollm2("qat"),
        holds("fake rounding equals integer arithmetic, bit for bit", integer_equals_fake()),
    )
