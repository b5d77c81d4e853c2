"""The cache of learned levels: keys before positions, exact outliers, real bytes, and the Fisher weights behind it."""

import pytest
import torch
from torch.nn import functional

from interlock.errors import InputError
from interlock.surgery.kv_levels import LevelCoding
from interlock.surgery.kv_positions import positions_of
from interlock.surgery.kv_recording import recorded
from interlock.techniques import technique


def states(seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(2, 2, 24, 8, generator=generator)
    x[0, 1, 3, 5] = 40.0
    return x


@pytest.mark.parametrize(("kind", "part"), [("llama", 1.0), ("qwen2", 1.0), ("gpt_neox", 0.25)])
def test_positions_come_off_and_go_on_again(build, calibration, kind, part):
    """Against what the key projection gives before the model turns it; NeoX turns a quarter of each head."""
    model = build(kind)
    turn = positions_of(model)
    keys = torch.randn(2, 4, 10, 16)
    assert torch.allclose(turn.inverse(turn.apply(keys, 7), 7), keys, atol=1e-5)
    width = int(16 * part)
    assert torch.equal(turn.apply(keys, 7)[..., width:], keys[..., width:])
    assert not torch.allclose(turn.apply(keys, 7)[..., :width], keys[..., :width], atol=1e-2)
    if kind == "gpt_neox":
        return
    given = []
    layer = model.model.layers[0].self_attn.k_proj
    hook = layer.register_forward_hook(lambda _, __, out: given.append(out.flatten(0, 1)))
    (keys_seen, _), *_ = recorded(model, calibration, turn, batch=100)
    hook.remove()
    assert torch.allclose(keys_seen.states, given[0], atol=1e-4)


def test_weights_are_the_squared_gradients_of_the_loss(build, calibration):
    """By differences: moving one value element of a layer changes the loss by its gradient."""
    model = build()
    model.requires_grad_(requires_grad=False)
    (_, values), *_ = recorded(model, calibration, None)
    place, step = 5, 5e-2
    losses = []
    for sign in (1, -1):

        def shifted(layer, inputs, out, sign=sign):
            moved = out.clone()
            moved[0, 3, place] += sign * step
            return moved

        hook = model.model.layers[0].self_attn.v_proj.register_forward_hook(shifted)
        part = calibration.tokens[:4]
        logits = model(part).logits[:, :-1]
        losses.append(functional.cross_entropy(logits.flatten(0, 1), part[:, 1:].reshape(-1), reduction="sum"))
        hook.remove()
    slope = float(losses[0] - losses[1]) / (2 * step)
    assert float(values.weights[3, place]) == pytest.approx(slope**2, rel=0.02)


def test_outliers_come_back_exactly_and_the_rest_within_half_a_step():
    x = states()
    fine = torch.linspace(-1, 1, 16).half()
    stored = LevelCoding(levels=fine, bits=4, outliers=1).stored(x)
    back = stored.read()
    assert back[0, 1, 3, 5] == 40.0
    flat, found = x.transpose(1, 2).flatten(2), back.transpose(1, 2).flatten(2)
    kept = torch.zeros_like(flat, dtype=torch.bool).scatter_(-1, stored.places.long(), value=True)
    low, high = (flat.masked_fill(kept, fill).amin(-1) if fill > 0 else flat.masked_fill(kept, fill).amax(-1)
                 for fill in (1e9, -1e9))  # fmt: skip
    step = ((high - low) / 15).unsqueeze(-1)
    assert bool(((found - flat).abs() <= 0.52 * step + 2e-3).all())
    assert stored.nbytes == x.numel() // 2 + 2 * 24 * (2 + 2 + 4)


def test_keys_beyond_their_channels_range_are_the_outliers():
    x = states()
    low, high = (torch.full((16,), end).half() for end in (-4.0, 4.0))
    stored = LevelCoding(levels=torch.linspace(-1, 1, 8).half(), bits=3, outliers=1, low=low, high=high).stored(x)
    assert int(stored.places[0, 3, 0]) == 8 + 5
    assert stored.ranges is None
    assert stored.read()[0, 1, 3, 5] == 40.0


def test_token_by_token_it_is_what_one_pass_stores_and_the_sink_is_exact(build, calibration, logits, unseen):
    model = build()
    technique("kvquant:sink=4").apply(model, calibration)
    with torch.no_grad():
        once = model(unseen).past_key_values
        often = model(unseen[:, :1]).past_key_values
        for place in range(1, unseen.shape[1]):
            model(unseen[:, place : place + 1], past_key_values=often)
    first = [cache.layers[0] for cache in (once, often)]
    assert torch.allclose(first[0].keys, first[1].keys, atol=1e-4)
    assert once.layers[0].stored_bytes() == first[1].stored_bytes()
    plain = build()
    with torch.no_grad():
        exact = plain(unseen).past_key_values.layers[0].keys
    assert torch.equal(first[0].keys[:, :, :4], exact[:, :, :4])
    assert not torch.allclose(first[0].keys[:, :, 4:], exact[:, :, 4:], atol=1e-2)


@pytest.mark.parametrize(
    ("text", "said"),
    [("kvquant:bits=5", "2, 3 or 4"), ("kvquant:levels=magic", "weighted, plain or uniform"),
     ("kvquant:keys=during", "before or after"), ("kvquant:outliers=1", "below 1")],
)  # fmt: skip
def test_wrong_parameters_are_refused(text, said):
    with pytest.raises(InputError, match=said):
        technique(text)
