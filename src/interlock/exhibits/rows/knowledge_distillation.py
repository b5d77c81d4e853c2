"""Knowledge distillation: a student of half the layers, with and without a teacher."""

from interlock.exhibits.base import Reproduction, below, claim, exactly, holds, reproduction
from interlock.exhibits.compressed import calibration, fresh, judged, original, outcome, predicted_bytes
from interlock.exhibits.lab_model import compared_on_smollm2

CLAIM = claim("a student learns more from softened outputs than from labels", "Hinton et al. 2015, section 2")
STEPS = 30


def run() -> Reproduction:
    """Equal steps, batches and learning rate, three seeds; held-out text that the teacher wrote."""
    from math import log

    from interlock.surgery.distilling import distill, shorten, taught
    from interlock.surgery.training import train

    figures = []
    for seed in range(3):
        data, alone, student = calibration(seed), fresh(), fresh()
        shorten(alone, 2)
        layers = shorten(student, 2)
        train(alone, data, taught(alone), steps=STEPS, batch=4, learning_rate=1e-3)
        distill(student, original(), layers, data, steps=STEPS)
        (apart, without), (close, with_) = judged(alone), judged(student)
        figures += [
            below(f"seed {seed}: held-out loss with a teacher", log(without), log(with_), "nat"),
            below(f"seed {seed}: divergence over the student's without", 0.95, close / apart),
        ]
    made = outcome("knowledge-distillation:steps=10")
    return reproduction(
        *figures,
        compared_on_smollm2("distillation"),
        exactly("bytes of the student, as predicted", predicted_bytes(made), sum(made.applied.stored.values()), "B"),
        holds("half of the layers", len(made.applied.model.model.layers) == 2),  # type: ignore[union-attr, arg-type]
    )
