"""Knowledge distillation: the student's shape, its losses, and that a teacher helps."""

import copy

import pytest
import torch

from interlock.errors import InputError
from interlock.surgery.distilling import distill, divergence, kept_layers, sampled, shorten, taught, teacher_of
from interlock.techniques import technique


def test_divergence_is_the_sum_written_out():
    generator = torch.Generator().manual_seed(0)
    teacher, student = torch.randn(2, 3, 4, 5, generator=generator)
    p, q = torch.softmax(teacher / 2, -1), torch.softmax(student / 2, -1)
    assert divergence(teacher, student, 2.0) == pytest.approx(float((p * (p / q).log()).sum(-1).mean()), rel=1e-5)
    assert divergence(teacher, teacher) == 0


@pytest.mark.parametrize(
    ("depth", "kept", "layers"), [(4, 2, [0, 3]), (6, 3, [0, 2, 5]), (5, 1, [0]), (3, 3, [0, 1, 2])]
)
def test_the_student_takes_layers_evenly(depth, kept, layers):
    assert kept_layers(depth, kept) == layers


def test_a_student_with_all_layers_is_the_teacher(build, logits, unseen):
    model = build()
    before = logits(model, unseen)
    assert shorten(model, 2) == [0, 1]
    assert torch.equal(logits(model, unseen), before)


def test_a_shortened_model_decodes_with_its_cache(build):
    model = build(num_hidden_layers=4)
    shorten(model, 2)
    assert sampled(model, 3, 9, 0).shape == (3, 9)
    assert model.config.num_hidden_layers == 2


def test_samples_are_the_same_for_a_seed_and_follow_the_model(build):
    model = build()
    assert torch.equal(sampled(model, 4, 8, 0), sampled(model, 4, 8, 0))
    assert not torch.equal(sampled(model, 4, 8, 0), sampled(model, 4, 8, 1))


def test_a_teacher_brings_the_student_closer_than_text_alone(build, logits):
    """At equal steps, batches and learning rate, on text that the teacher itself writes."""
    from interlock.surgery.calibration import Calibration
    from interlock.surgery.training import next_token_loss, train

    original = build(num_hidden_layers=4)
    teacher = teacher_of(original)
    data, unseen = sampled(original, 32, 24, 0), sampled(original, 32, 24, 1)
    alone, student = copy.deepcopy(original), copy.deepcopy(original)
    layers = shorten(student, 2)
    shorten(alone, 2)
    calibration = Calibration(tokens=data)
    train(alone, calibration, taught(alone), steps=40, batch=8, learning_rate=2e-3)
    losses = distill(student, teacher, layers, calibration, steps=40, batch=8, learning_rate=2e-3)
    told = logits(teacher, unseen)
    assert divergence(told, logits(student, unseen)) < 0.95 * divergence(told, logits(alone, unseen))
    with torch.no_grad():
        assert next_token_loss(student, unseen) < next_token_loss(alone, unseen)
    assert losses[-1] < losses[0]


def test_the_teacher_and_the_tables_outside_the_blocks_stay(build, calibration):
    original = build()
    kept = original.model.embed_tokens.weight.clone()
    result = technique("knowledge-distillation:steps=2").apply(original, calibration)
    assert torch.equal(result.model.model.embed_tokens.weight, kept)
    assert len(result.model.model.layers) == 1


def test_no_steps_are_refused(build, calibration):
    with pytest.raises(InputError, match="distillation: found 0 steps"):
        technique("knowledge-distillation:steps=0").apply(build(), calibration)
