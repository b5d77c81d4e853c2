"""What the papers promise, in their direction, on tiny decoders: with and without injected outliers."""

import copy

import pytest
import torch

from interlock.surgery.outliers import inject
from interlock.techniques import technique


@pytest.fixture(scope="module")
def losses(build):
    """Relative squared change of the logits on unseen tokens, by technique and size of the outliers."""
    from interlock.surgery.calibration import Calibration

    generator = torch.Generator().manual_seed(5)
    calibration = Calibration(tokens=torch.randint(0, 97, (32, 64), generator=generator))
    unseen = torch.randint(0, 97, (8, 64), generator=generator)
    original = build(width=128, num_key_value_heads=4)
    known = {}

    def loss(spec: str, outliers: float = 1.0) -> float:
        if (spec, outliers) not in known:
            model = copy.deepcopy(original)
            if outliers > 1:
                inject(model, share=0.02, factor=outliers)
            with torch.no_grad():
                before = original(unseen).logits
                after = technique(spec).apply(model, calibration).model(unseen).logits
            known[spec, outliers] = float((after - before).square().sum() / before.square().sum())
        return known[spec, outliers]

    return loss


W8A8 = "round-to-nearest:bits=8,group_size=0,activation_bits=8"
W4A4 = "round-to-nearest:bits=4,group_size=0,activation_bits=4"
LARGE = 64.0


@pytest.mark.parametrize("bits", [3, 4])
@pytest.mark.parametrize("group_size", [0, 32])
def test_gptq_errs_less_than_rounding_to_nearest(losses, bits, group_size):
    shape = f"bits={bits},group_size={group_size}"
    assert losses(f"gptq:{shape}") < 0.95 * losses(f"round-to-nearest:{shape}")


@pytest.mark.parametrize(
    "spec", ["gptq", "awq", "quip", "quarot:kv_group_size=32", "atom:group_size=32,kv_group_size=32"]
)
def test_the_objective_is_below_that_of_rounding_to_nearest(build, calibration, spec):
    layers = technique(spec).apply(build(width=128), calibration).layers
    assert sum(layer.objective for layer in layers) < 0.95 * sum(layer.nearest for layer in layers)
    assert all(layer.objective > 0 for layer in layers)


@pytest.mark.parametrize("bits", [3, 4])
def test_awq_errs_less_than_rounding_to_nearest(losses, bits):
    assert losses(f"awq:bits={bits},group_size=32") < losses(
        f"round-to-nearest:bits={bits},group_size=32,symmetric=false"
    )


def test_at_two_bits_incoherence_errs_less_than_gptq(losses):
    assert losses("quip") < losses("gptq:bits=2,group_size=0")


def test_more_bits_and_smaller_groups_err_less(losses):
    by_bits = [losses(f"round-to-nearest:bits={bits},group_size=32") for bits in (8, 4, 3, 2)]
    by_group = [losses(f"round-to-nearest:bits=4,group_size={size}") for size in (16, 64, 0)]
    assert by_bits == sorted(by_bits)
    assert by_group == sorted(by_group)


def test_outliers_ruin_rounding_of_activations(losses):
    assert losses(W8A8, LARGE) > 20 * losses(W8A8)


@pytest.mark.parametrize("spec", ["smoothquant", "llm-int8"])
def test_smoothing_and_decomposition_save_eight_bits_from_outliers(losses, spec):
    assert losses(spec, LARGE) < 0.1 * losses(W8A8, LARGE)
    assert losses(spec, LARGE) < 2 * losses(W8A8)


def test_rotations_save_four_bits_from_outliers(losses):
    rotated = "quarot:kv_bits=16,weights=rtn"
    assert losses(rotated, LARGE) < 0.5 * losses(W4A4, LARGE)
    assert losses(rotated, LARGE) < 1.2 * losses(W4A4)


def test_a_wide_group_saves_four_bits_from_outliers(losses):
    mixed = "atom:group_size=32,kv_bits=16"
    assert losses(mixed, LARGE) < 0.5 * losses("round-to-nearest:group_size=32,activation_bits=4", LARGE)


def test_when_everything_is_an_outlier_nothing_is_rounded(build, calibration, logits, unseen):
    model = build(width=128)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.half().float())
    before = logits(model, unseen)
    technique("llm-int8:threshold=0").apply(model, calibration)
    assert torch.allclose(logits(model, unseen), before, atol=1e-5)


def test_without_rounding_quarot_leaves_the_logits(build, calibration, logits, unseen):
    model = build(width=128)
    before = logits(model, unseen)
    technique("quarot:bits=16,activation_bits=16,kv_bits=16").apply(model, calibration)
    assert float((logits(model, unseen) - before).abs().max()) < 1e-3


@pytest.mark.parametrize("name", ["qat", "lsq"])
def test_training_through_rounding_lowers_the_loss_of_the_rounded_model(build, calibration, name):
    from interlock.surgery.training import next_token_loss

    def loss(model):
        with torch.no_grad():
            return float(next_token_loss(model, calibration.tokens))

    rounded, trained = build(), build()
    technique("round-to-nearest:bits=3,group_size=32").apply(rounded)
    technique(f"{name}:bits=3,group_size=32,steps=40,batch=8,learning_rate=0.002").apply(trained, calibration)
    assert loss(trained) < loss(rounded) - 0.3


@pytest.mark.parametrize("spec", ["gptq", "awq", "quip", "quarot:kv_group_size=32", "qat:steps=3"])
def test_the_same_data_and_seed_give_the_same_model(build, calibration, logits, unseen, spec):
    first, second = (technique(spec).apply(build(width=128), calibration).model for _ in range(2))
    assert torch.equal(logits(first, unseen), logits(second, unseen))
