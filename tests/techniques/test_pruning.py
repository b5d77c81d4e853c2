"""Sparsity: masks, the column solve, permutations, tiles, structures; against dense solves, brute force, torchao."""

import itertools
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.errors import InputError
from interlock.numerics.codecs import codec
from interlock.surgery.assignment import best_assignment
from interlock.surgery.grid import IntegerGrid
from interlock.surgery.permutation import balanced_order, worth
from interlock.surgery.rounding import factor, optimal_store
from interlock.surgery.sparse_integers import Joint
from interlock.surgery.sparse_linear import relative_scores, storage, wanda_scores
from interlock.surgery.sparse_masks import chosen_mask, read_pattern
from interlock.surgery.sparse_solve import prune_columns
from interlock.surgery.statistics import InputStatistics, damped, objective
from interlock.surgery.tiles import TiledLinear, TileStore, refitted, tile_mask
from interlock.techniques import technique


def case(rows: int, columns: int, seed: int = 0, tokens: int = 256):
    """Weights, and the damped Hessian of correlated inputs."""
    generator = torch.Generator().manual_seed(seed)
    mix = torch.randn(columns, columns, generator=generator)
    inputs = torch.randn(tokens, columns, generator=generator) @ mix
    statistics = InputStatistics(columns)
    statistics.add(inputs)
    return torch.randn(rows, columns, generator=generator), damped(statistics.hessian, 0.01), inputs


def least_squares(weight, mask, hessian):
    """The best weights under a mask, row by row, in fp64."""
    h, found = hessian.double(), torch.zeros_like(weight, dtype=torch.float64)
    for row, stays in enumerate(mask):
        at = stays.nonzero().squeeze(1)
        found[row, at] = torch.linalg.solve(h[at][:, at], h[at] @ weight[row].double())
    return found


@given(st.integers(1, 9), st.integers(1, 33), st.floats(0, 0.99), st.booleans(), st.integers(0, 99))
def test_the_dropped_share_is_exact_and_rows_differ_by_at_most_one(rows, columns, share, by_row, seed):
    scores = torch.rand(rows, columns, generator=torch.Generator().manual_seed(seed))
    mask = chosen_mask(scores, share, by_row=by_row)
    assert int((~mask).sum()) == round(share * scores.numel())
    if by_row:
        assert int(mask.sum(1).max() - mask.sum(1).min()) <= 1
    else:
        assert mask.all() or not mask.any() or scores[mask].min() >= scores[~mask].max()


@given(st.sampled_from([(1, 4), (2, 4), (4, 8), (3, 5), (4, 4)]), st.integers(0, 99))
def test_each_group_keeps_its_largest_scores(pattern, seed):
    kept, of = pattern
    scores = torch.rand(5, 4 * of, generator=torch.Generator().manual_seed(seed))
    mask = chosen_mask(scores, pattern).view(5, 4, of)
    assert (mask.sum(2) == kept).all()
    dropped = scores.view(5, 4, of).masked_fill(mask, -1).amax(2)
    assert (scores.view(5, 4, of).masked_fill(~mask, 2).amin(2) >= dropped).all()


@pytest.mark.parametrize(("text", "found"), [("2:4", (2, 4)), ("50%", 0.5)])
def test_patterns_are_read(text, found):
    assert read_pattern(text) == found


@pytest.mark.parametrize("spec", ["wanda:pattern=5:4", "magnitude:pattern=half", "sparsegpt:pattern=100%"])
def test_a_pattern_that_is_none_is_refused(build, calibration, spec):
    with pytest.raises(InputError, match=r"sparsity|zeros"):
        technique(spec).apply(build(), calibration)


def test_a_group_that_does_not_divide_the_columns_is_refused(build, calibration):
    for name in ("wanda", "sparsegpt", "magnitude", "plug-and-play"):
        with pytest.raises(InputError, match="pattern: found groups of 7"):
            technique(f"{name}:pattern=2:7").apply(build(), calibration)


@pytest.mark.parametrize("columns", [24, 200])
def test_the_column_solve_with_one_mask_for_all_rows_at_the_end_is_least_squares(columns):
    """When the removed columns come first, the solve may still move all that stay: the dense solution."""
    weight, hessian, _ = case(6, columns)
    mask = torch.ones(6, columns, dtype=torch.bool)
    mask[:, : columns // 2] = False
    found, same = prune_columns(weight, factor(hessian), mask)
    assert torch.equal(same, mask)
    assert torch.allclose(found.double(), least_squares(weight, mask, hessian), atol=2e-3)


@settings(max_examples=15)
@given(st.integers(0, 999))
def test_the_column_solve_equals_the_sequence_of_dense_least_squares_solves(seed):
    """SparseGPT section 3.2: with columns to the left frozen, what is right of each is refitted row by row."""
    weight, hessian, _ = case(3, 12, seed)
    mask = torch.rand(3, 12, generator=torch.Generator().manual_seed(seed)) > 0.5
    found, _ = prune_columns(weight, factor(hessian), mask, mask_block=5)
    h, expected = hessian.double(), weight.double().clone()
    for row in range(3):
        for j in range(12):
            if mask[row, j]:
                continue
            change = torch.zeros(12, dtype=torch.float64)
            change[j] = -expected[row, j]
            later = torch.arange(j + 1, 12)
            if len(later):  # minimise change^T H change over what comes later
                change[later] = -torch.linalg.solve(h[later][:, later], h[later, j] * change[j])
            expected[row] += change
    assert torch.allclose(found.double(), expected, atol=1e-3)
    assert (found[~mask] == 0).all()


def test_a_weight_s_score_is_what_removing_it_costs_by_brute_force():
    weight, hessian, _ = case(1, 4)
    upper = factor(hessian)
    costs = []
    for j in range(4):  # with columns to the left frozen, as the solve has it
        mask = torch.ones(1, 4, dtype=torch.bool)
        mask[0, j] = False
        pruned, _ = prune_columns(weight, upper, mask)
        costs.append(objective(pruned - weight, hessian))
    assert torch.allclose(torch.tensor(costs), (weight.square() / upper.diagonal().square()).squeeze(), rtol=1e-3)


def test_no_two_four_mask_of_four_columns_has_a_lower_error_than_the_brute_force_one():
    weight, hessian, _ = case(8, 4)
    best = []
    for row in range(8):
        errors = []
        for pair in itertools.combinations(range(4), 2):
            mask = torch.zeros(1, 4, dtype=torch.bool)
            mask[0, list(pair)] = True
            errors.append(objective(least_squares(weight[[row]], mask, hessian) - weight[[row]], hessian.double()))
        best.append(min(errors))
    greedy, mask = prune_columns(weight, factor(hessian), (2, 4))
    plain = weight * chosen_mask(weight.abs(), (2, 4))
    reached = objective(greedy - weight, hessian)
    assert sum(best) - 1e-3 <= reached < objective(plain - weight, hessian)
    assert (mask.sum(1) == 2).all()


@pytest.mark.parametrize("pattern", [0.5, 0.3, (2, 4), (4, 8)])
def test_the_solve_errs_less_than_its_own_mask_alone_and_than_magnitude(pattern):
    weight, hessian, _ = case(32, 160)
    found, mask = prune_columns(weight, factor(hessian), pattern)
    masked = objective(weight * mask - weight, hessian)
    plain = objective(weight * chosen_mask(weight.abs(), pattern, by_row=False) - weight, hessian)
    assert objective(found - weight, hessian) < 0.9 * min(masked, plain)
    share = pattern if isinstance(pattern, float) else 0.5
    assert int((~mask).sum()) == round(share * weight.numel())


@pytest.mark.parametrize("block", [None, 4])
def test_wanda_agrees_with_torchao(block):
    """But for two of its choices: it takes the squared norm, and compares over the whole layer instead of rows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sparsifier = pytest.importorskip("torchao.sparsity.wanda").WandaSparsifier
        model = torch.nn.Sequential(torch.nn.Linear(64, 48, bias=False))
        weight, _, inputs = case(48, 64, tokens=128)
        with torch.no_grad():
            model[0].weight.copy_(weight)
        theirs = sparsifier(sparsity_level=0.5, semi_structured_block_size=block)
        theirs.prepare(model, config=None)
        model(inputs)
        theirs.step()
        theirs.squash_mask()
    statistics = InputStatistics(64)
    statistics.add(inputs)
    ours, norm = wanda_scores(weight, statistics.hessian), inputs.norm(dim=0)
    assert torch.allclose(ours, weight.abs() * norm * (2 / 128) ** 0.5, rtol=1e-4)  # the paper's equation 1
    mask = chosen_mask(ours * norm, 0.5 if block is None else (2, 4), by_row=False)
    assert torch.equal(mask, model[0].weight.detach() != 0)


def test_relative_importance_never_empties_a_row_or_column_that_magnitude_empties():
    weight = torch.randn(16, 16, generator=torch.Generator().manual_seed(0))
    weight[3] *= 1e-3
    weight[:, 5] *= 1e-3
    identity = torch.eye(16)
    by_size = chosen_mask(weight.abs(), 0.5, by_row=False)
    by_share = chosen_mask(relative_scores(weight, identity), 0.5, by_row=False)
    assert not by_size[3].any()
    assert not by_size[:, 5].any()
    assert by_share[3].any()
    assert by_share[:, 5].any()


@settings(max_examples=20)
@given(st.integers(1, 6), st.integers(0, 999))
def test_the_assignment_is_the_best_of_all_permutations(size, seed):
    table = np.random.default_rng(seed).normal(size=(size, size))
    chosen = best_assignment(table)
    best = max(sum(table[row, column] for row, column in enumerate(p)) for p in itertools.permutations(range(size)))
    assert sorted(chosen) == list(range(size))
    assert table[np.arange(size), chosen].sum() == pytest.approx(best)


@settings(max_examples=20)
@given(st.sampled_from([(2, 4), (1, 4), (4, 8), (4, 4)]), st.integers(0, 999))
def test_a_permutation_never_keeps_less(pattern, seed):
    scores = torch.rand(6, 24, generator=torch.Generator().manual_seed(seed)).pow(4)
    order = balanced_order(scores, *pattern)
    assert sorted(order.tolist()) == list(range(24))
    assert worth(scores[:, order], *pattern) >= worth(scores, *pattern) * (1 - 1e-6)


def test_the_permuted_pattern_holds_in_the_stored_order(build, calibration):
    model = build()
    result = technique("plug-and-play").apply(model, calibration)
    layer = model.model.layers[0].mlp.down_proj
    assert ((layer.weight[:, layer.store.order.long()].view(64, -1, 4) != 0).sum(2) <= 2).all()
    assert result.stored["order"] == sum(4 * record.columns for record in result.layers)


@pytest.mark.parametrize("name", ["bf16+2:4", "bf16+4:8", "bf16+50%", "int8+2:4", "int4-g32+2:4"])
def test_what_the_mask_left_is_what_is_stored(name):
    weight = torch.randn(16, 64, generator=torch.Generator().manual_seed(0))
    mask = chosen_mask(weight.abs(), read_pattern(name.partition("+")[2]), by_row=False)
    kept = storage(weight * mask, name).dequantize()
    assert (kept[~mask] == 0).all()
    expected = torch.from_numpy(codec(name).quantize((weight * mask).numpy()))
    assert torch.equal(kept, expected.float())


def test_more_weights_than_the_format_keeps_are_refused():
    with pytest.raises(InputError, match="keeps"):
        storage(torch.ones(4, 8), "bf16+2:4")


def test_tiles_keep_whole_columns_and_compute_what_the_masked_layer_computes():
    weight, hessian, inputs = case(32, 48)
    mask = tile_mask(weight.square(), 0.4, 8)
    full = mask.repeat_interleave(8, 0)
    layer = TiledLinear(TileStore(weight, mask))
    assert int((~mask).sum()) == round(0.4 * mask.numel())
    assert torch.equal(layer.weight, (weight * full).bfloat16().float())
    assert torch.allclose(layer(inputs), inputs @ layer.weight.T, atol=1e-3)
    found = refitted(weight, mask, hessian).double()
    assert torch.allclose(found, least_squares(weight, full, hessian), atol=2e-3)


@pytest.mark.parametrize("kind", ["llama", "qwen2", "mistral", "opt", "gpt_neox"])
def test_a_narrowed_model_computes_what_the_silenced_one_computes(build, calibration, logits, unseen, kind):
    from interlock.surgery.decoder import blocks
    from interlock.surgery.narrowing import chosen_units, narrow, structures, taylor

    silent, narrowed = build(kind), build(kind)
    score = taylor(silent, calibration)
    for block in blocks(silent):
        for part in structures(silent, block):
            kept = chosen_units(part, score, 0.5)
            part.silence(torch.tensor([unit for unit in range(part.units) if unit not in set(kept.tolist())]))
    narrow(narrowed, taylor(narrowed, calibration), 0.5, 0.5)
    assert torch.allclose(logits(narrowed, unseen), logits(silent, unseen), atol=1e-4)
    assert sum(p.numel() for p in narrowed.parameters()) < sum(p.numel() for p in silent.parameters())


def test_taylor_importance_is_weight_times_gradient(build, calibration):
    from interlock.surgery.narrowing import taylor
    from interlock.surgery.training import next_token_loss

    model = build()
    score = taylor(model, calibration, batch=3)
    layer = model.model.layers[1].mlp.down_proj
    next_token_loss(model, calibration.tokens).backward()
    assert torch.allclose(score(layer), (layer.weight * layer.weight.grad).abs().detach(), atol=1e-6)


def test_heads_that_would_not_load_again_are_refused(build, calibration):
    with pytest.raises(InputError, match=r"heads: found 0\.75"):
        technique("llm-pruner:heads=0.75").apply(build(num_key_value_heads=4), calibration)


def test_only_active_channels_are_computed_and_counted(build, calibration, logits, unseen):
    from interlock.surgery.active_channels import counting, install, learn_predictor, recall, set_thresholds
    from interlock.surgery.active_channels import inputs_of as reads_of

    model = build()
    before = logits(model, unseen)
    networks = install(model)
    assert torch.equal(logits(model, unseen), before)
    set_thresholds(model, networks, calibration, 0.6)
    reads = reads_of(model, networks, calibration.tokens)
    with counting(networks):
        logits(model, calibration.tokens)
    assert [round(each.density, 2) for each in networks] == [0.4, 0.4]
    predictor = learn_predictor(networks[0], reads[0], steps=100)
    found = recall(networks[0], predictor, reads[0], 80)
    assert found > 80 / 128 + 0.1  # better than chance
    assert recall(networks[0], predictor, reads[0], 128) == 1.0
    networks[0].predictor, networks[0].budget = predictor, 128
    networks[1].threshold = 0.0
    assert torch.allclose(logits(model, unseen), before, atol=1e-5)


@pytest.mark.parametrize(("pattern", "group"), [((2, 4), 8), ((1, 4), 0), (0.5, 0), ((4, 8), 16)])
def test_pruning_and_rounding_in_one_pass_errs_less_than_one_after_the_other(pattern, group):
    """The same grid, mask rule and factor; only what later columns correct differs."""
    weight, hessian, _ = case(24, 64)
    grid, upper = IntegerGrid(bits=3, group_size=group), factor(hessian)
    store = Joint(grid=grid, pattern=pattern, mask_block=64).store(weight, upper)
    found, mask = store.dequantize(), store.mask()
    assert (found[~mask] == 0).all()
    if isinstance(pattern, tuple):
        assert (mask.view(24, -1, pattern[1]).sum(2) == pattern[0]).all()
    else:
        assert int(mask.sum()) == 24 * 32
    pruned, plain = prune_columns(weight, upper, pattern, mask_block=64)
    after = torch.zeros_like(weight)
    for row in range(24) if not isinstance(pattern, tuple) else ():
        after[row, plain[row]] = grid.nearest(pruned[row : row + 1, plain[row]])[0]
    if isinstance(pattern, tuple):
        after[plain] = grid.nearest(pruned[plain].view(24, -1)).view(-1)
    assert objective(found - weight, hessian) < objective(after - weight, hessian)


def test_nothing_pruned_is_plain_rounding_with_feedback_and_fine_codes_leave_pruning_alone():
    weight, hessian, _ = case(8, 32)
    upper = factor(hessian)
    all_kept = Joint(grid=IntegerGrid(bits=4), pattern=(4, 4)).store(weight, upper).dequantize()
    known = optimal_store(weight, hessian, IntegerGrid(bits=4), damping=0.0, act_order=False).dequantize()
    assert torch.allclose(all_kept, known, atol=1e-5)
    fine = Joint(grid=IntegerGrid(bits=8), pattern=(2, 4)).store(weight, upper)
    pruned, mask = prune_columns(weight, upper, (2, 4))
    assert float((fine.mask() == mask).float().mean()) > 0.97
    assert float((fine.dequantize() - pruned).square().mean() / pruned.square().mean()) < 0.05


@pytest.mark.parametrize(
    ("spec", "said"),
    [("sparsegpt:pattern=2:512,format=int4", "at most 256"), ("sparsegpt:pattern=3:4,format=int4-g32", "multiple of 3"),
     ("sparsegpt:pattern=2:4,format=int4-g48", "48, which does not divide the 64")],
)  # fmt: skip
def test_groups_that_do_not_fit_the_kept_weights_are_refused(build, calibration, spec, said):
    with pytest.raises(InputError, match=said):
        technique(spec).apply(build(width=128 if "512" not in spec else 512), calibration)
