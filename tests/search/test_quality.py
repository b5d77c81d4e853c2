"""A limit on quality: which evidence lets which formats in, and that nobody's loss is called another model's."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from interlock import api
from interlock.catalogue import DATA
from interlock.errors import InputError
from interlock.evidence import Evidence
from interlock.evidence.quality import QualityRecord, Subject
from interlock.evidence.quality import keep as keep_record
from interlock.models import model as read_model
from interlock.models.identity import fingerprint
from interlock.report import plan_record
from interlock.report.csv_table import plan_csv
from interlock.report.page import plan_page
from interlock.search import Plan, claims
from interlock.search.loss import BASES, percent
from interlock.search.shipped_quality import MeasuredRow, MeasuredTable

ON: dict[str, Any] = {"chips": ["h100-sxm"], "objective": "tpot", "max_chips": 1}


@pytest.fixture(autouse=True)
def _own_evidence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INTERLOCK_QUALITY", str(tmp_path / "quality"))
    monkeypatch.setenv("INTERLOCK_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model of the user's own: a config and bytes, which a fingerprint is taken of."""
    made = tmp_path / "mine"
    made.mkdir()
    config = json.loads((DATA / "models" / "llama-3.1-8b.json").read_text(encoding="utf-8"))
    (made / "config.json").write_text(json.dumps({key: value for key, value in config.items() if key != "interlock"}))
    (made / "model.safetensors").write_bytes(b"weights")
    (made / "tokenizer.json").write_text("{}")
    return made


def keep(
    weights: str,
    triple: tuple[float, float, float] = (0.004, 0.002, 0.006),
    *,
    name: str = "mine",
    technique: str = "gptq",
    parameters: dict[str, Any] | None = None,
    effects: tuple[tuple[str, str], ...] = (("WeightFormat", "int4-g128"),),
    tokens: int = 8192,
    seed: int = 0,
) -> None:
    """What `interlock lab quality` leaves behind."""
    given = {"bits": 4, "group_size": 128} if parameters is None else parameters
    subject = Subject(
        model=weights, technique=technique, parameters=given, test="t", questions="q", calibration="c", seed=seed,
        code="v",
    )  # fmt: skip
    record = QualityRecord(
        subject=subject, model=name, label=f"{technique} here", source="a text", context=512, test_tokens=tokens,
        calibration_tokens=8192, sums={"answers": []}, figures={"perplexity_loss": triple}, stored={"linear": 1},
        effects=effects, layers=1, seconds={}, tokens_per_s=1.0, notes=(), release="0", made="2026-01-01",
    )  # fmt: skip
    keep_record(record)


def weights_of(plan: Plan) -> str:
    assert plan.recommended is not None
    return plan.recommended.request.scheme.weight.name


def test_a_limit_picks_other_formats_than_none():
    free, tight, wide = (
        api.plan("llama-7b", chips=["h100-sxm"], max_quality_loss=limit, max_chips=1) for limit in (None, "1%", "10%")
    )
    assert weights_of(free) == "fp8-e4m3"
    assert weights_of(tight) == "fp16"
    assert {e.request.scheme.weight.name for e in wide.front} == {"fp16", "int4-g64-asym"}


def test_sparsity_enters_the_search_where_its_loss_is_known():
    plan = api.plan("llama-2-7b", max_quality_loss="30%", **ON)
    assert "fp16+50%" in {offer.scheme.weight.name for offer in plan.space.offers}
    assert {e.request.scheme.weight.name for e in plan.front} & {"fp16+50%", "int4"}


def test_without_a_limit_nothing_is_asked_of_evidence(monkeypatch: pytest.MonkeyPatch, folder: Path):
    def refuse(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr("interlock.search.claims.all_records", refuse)
    monkeypatch.setattr("interlock.search.claims.published_tables", refuse)
    plan = api.plan(str(folder), **ON)
    assert plan.space.offers == ()
    assert any("quality is not weighed" in note for note in plan.notes)


@pytest.mark.parametrize("limit", [1e-6, 0.5])
def test_the_unquantized_checkpoint_loses_nothing_by_definition(limit: float):
    plan = api.plan("llama-3.1-8b", max_quality_loss=limit, quality_basis="measured", **ON)
    assert weights_of(plan) == "bf16"
    assert plan.recommended is not None
    offer = plan.space.offer(plan.recommended.request.scheme)
    assert offer is not None
    assert offer.loss is not None
    assert (offer.loss.value, offer.loss.high, offer.technique) == (0, 0, None)


def test_a_checkpoint_published_in_fp8_is_the_original():
    plan = api.plan("deepseek-v3", chips=["h200-sxm"], max_chips=16, max_quality_loss="1%")
    assert weights_of(plan) == "fp8-e4m3"


def test_what_is_unknown_never_passes_and_the_note_names_the_command():
    plan = api.plan("llama-3.1-8b", max_quality_loss="100%", quality_basis="any", weight_formats=["fp8"], **ON)
    assert plan.recommended is None
    assert plan.feasible == 0
    assert any("quality loss" in line and "known" in line for line in plan.missing)
    command = "`interlock lab quality --model FOLDER --technique fp8` would settle it"
    assert any("loss unknown" in note and command in note for note in plan.notes)


def test_the_command_of_a_users_own_folder_names_it(folder: Path):
    plan = api.plan(str(folder), max_quality_loss="1%", weight_formats=["int4-g128-asym"], **ON)
    assert any(f"--model {folder} --technique awq`" in note for note in plan.notes)


def test_a_record_of_these_weights_counts_as_measured_here(folder: Path):
    keep(fingerprint(folder))
    plan = api.plan(str(folder), max_quality_loss="1%", quality_basis="measured", **ON)
    assert weights_of(plan) == "int4-g128"
    assert plan.recommended is not None
    offer = plan.space.offer(plan.recommended.request.scheme)
    assert offer is not None
    assert offer.loss is not None
    assert offer.loss.evidence is Evidence.MEASURED_HERE
    assert str(offer.loss) == "+0.4 % (+0.2 % to +0.6 %), measured here on mine"


def test_the_high_end_of_the_interval_decides(folder: Path):
    keep(fingerprint(folder))
    assert weights_of(api.plan(str(folder), max_quality_loss=0.0061, **ON)) == "int4-g128"
    assert weights_of(api.plan(str(folder), max_quality_loss=0.0059, **ON)) == "bf16"


@pytest.mark.parametrize("basis", BASES)
def test_a_loss_of_other_weights_is_never_called_measured(folder: Path, basis: Any):
    keep("another", name="mine")  # of the same name, even
    plan = api.plan(str(folder), max_quality_loss="1%", quality_basis=basis, **ON)
    assert (weights_of(plan) == "int4-g128") is (basis == "any")
    foreign = [offer for offer in plan.space.offers if offer.loss is not None and offer.technique]
    assert all(offer.loss is not None and offer.loss.evidence is Evidence.ASSUMED for offer in foreign)
    assert all("not measured on this model" in str(offer.loss) for offer in foreign)
    record = json.dumps(plan_record(plan)["quality"])
    for text in (" ".join(plan.notes), record, plan_csv(plan), plan_page(plan)):
        assert "measured here" not in text
        assert "measured on mine" not in text
    assert ("not measured on this model" in record) is (basis == "any")


def test_a_shipped_name_stands_for_the_weights_that_the_lab_keeps_of_it(folder: Path, tmp_path: Path):
    kept = tmp_path / "cache" / "models" / "llama-3.1-8b"
    kept.parent.mkdir(parents=True)
    folder.rename(kept)
    keep(fingerprint(kept))
    assert weights_of(api.plan("llama-3.1-8b", max_quality_loss="1%", quality_basis="measured", **ON)) == "int4-g128"
    assert weights_of(api.plan("llama-3-8b", max_quality_loss="1%", quality_basis="measured", **ON)) == "bf16"


def test_one_byte_of_the_weights_changed_makes_another_model(folder: Path):
    before = fingerprint(folder)
    keep(before)
    (folder / "model.safetensors").write_bytes(b"weightz")
    assert fingerprint(folder) != before
    assert weights_of(api.plan(str(folder), max_quality_loss="1%", **ON)) == "bf16"


def test_a_published_loss_of_a_model_of_the_same_name_is_not_the_users(tmp_path: Path):
    own = tmp_path / "interlock" / "models"
    own.mkdir(parents=True)
    (own / "llama-7b.json").write_text((DATA / "models" / "llama-7b.json").read_text(encoding="utf-8"))
    assert weights_of(api.plan("llama-7b", max_quality_loss="10%", **ON)) == "fp16"


def test_a_published_loss_of_a_sibling_checkpoint_says_so():
    plan = api.plan("llama-2-7b", max_quality_loss="30%", weight_formats=["int4"], **ON)
    told = "published for meta-llama/Llama-2-7b, not for meta-llama/Llama-2-7b-chat-hf"
    assert any(told in note for note in plan.notes)


@pytest.mark.parametrize(("basis", "counts"), [("measured", False), ("published", True), ("any", True)])
def test_published_losses_count_unless_measured_ones_are_asked_for(basis: Any, counts: bool):
    plan = api.plan("llama-7b", max_quality_loss="10%", quality_basis=basis, **ON)
    assert (weights_of(plan) == "int4-g64-asym") is counts


def test_of_two_measurements_the_one_over_more_tokens_counts(folder: Path):
    mine = fingerprint(folder)
    keep(mine, (0.0, -0.1, 0.001), tokens=512, seed=1)
    keep(mine, (0.2, 0.1, 0.3), tokens=9000, seed=2)
    assert weights_of(api.plan(str(folder), max_quality_loss="1%", **ON)) == "bf16"


def test_of_two_other_models_the_worse_counts(folder: Path):
    keep("one", (0.0, -0.1, 0.001), name="one")
    keep("two", (0.2, 0.1, 0.3), name="two")
    plan = api.plan(str(folder), max_quality_loss="1%", quality_basis="any", **ON)
    assert weights_of(plan) == "bf16"
    offer = next(offer for offer in plan.space.offers if offer.technique == "gptq here")
    assert "assumed: of two, not measured on this model" in str(offer.loss)


def test_of_two_techniques_with_the_same_formats_the_cheaper_is_offered(folder: Path):
    mine = fingerprint(folder)
    keep(mine, (0.02, 0.01, 0.03), technique="round-to-nearest")
    keep(mine)
    plan = api.plan(str(folder), max_quality_loss="10%", **ON)
    offer = next(offer for offer in plan.space.offers if offer.scheme.weight.name == "int4-g128")
    assert offer.technique == "gptq here"


@pytest.mark.parametrize(
    "effects",
    [
        (("AttentionWindow", "512"),),
        (("WeightFormat", "int4-g128"), ("KeptLayers", "half, 0.5")),
        (("WeightFormat", "no-format"),),
        (("HeldShare", "low rank, much, 0"),),
    ],
)
def test_a_record_that_is_not_about_formats_is_left_out(folder: Path, effects: tuple[tuple[str, str], ...]):
    keep(fingerprint(folder), effects=effects)
    plan = api.plan(str(folder), max_quality_loss="1%", **ON)
    assert not any(offer.technique == "gptq here" for offer in plan.space.offers)


@pytest.mark.parametrize("triple", [(float("nan"),) * 3, (0.001, 0.0, float("inf"))])
def test_a_loss_that_is_no_number_is_unknown(folder: Path, triple: tuple[float, float, float]):
    keep(fingerprint(folder), triple)
    assert weights_of(api.plan(str(folder), max_quality_loss="100%", **ON)) == "bf16"


def test_weight_formats_keep_out_what_evidence_would_bring_in(folder: Path):
    keep(fingerprint(folder))
    plan = api.plan(str(folder), max_quality_loss="1%", weight_formats=["bf16"], **ON)
    assert {offer.scheme.weight.name for offer in plan.space.offers} == {"bf16"}


def test_a_narrow_checkpoint_of_the_users_own_has_an_unknown_loss(folder: Path):
    narrow = replace(read_model(str(folder)), stored_format="int4-g128")
    assert api.plan(narrow, max_quality_loss="100%", **ON).recommended is None


@pytest.mark.parametrize("limit", ["1%", "1 %", "0.01", 0.01])
def test_a_limit_is_a_share_or_a_percentage(limit: Any):
    assert api.plan("llama-7b", max_quality_loss=limit, **ON).goals.max_quality_loss == pytest.approx(0.01)


@pytest.mark.parametrize(
    "limit", ["1", "-1", "nan", "0", "0%", "101%", "inf", "much", "1 ms", "", float("nan"), 2, True]
)
def test_a_limit_that_is_none_is_refused(limit: Any):
    with pytest.raises(InputError, match=r"--max-quality-loss: found .*; accepted: more than 0 and at most 100 %"):
        api.plan("llama-7b", max_quality_loss=limit, **ON)


def test_an_unknown_basis_is_refused():
    with pytest.raises(InputError, match=r"--quality-basis.*measured, published, any"):
        api.plan("llama-7b", max_quality_loss="1%", quality_basis="hearsay", **ON)  # type: ignore[arg-type]


def test_the_record_and_the_page_carry_loss_interval_and_evidence():
    plan = api.plan("llama-7b", max_quality_loss="10%", **ON)
    record = plan_record(plan)
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    row = next(row for row in record["quality"] if row["formats"] == "int4-g64-asym/fp16/fp16")
    assert row["loss_low_ratio"] < row["loss_ratio"] < row["loss_high_ratio"] < 0.1
    assert row["evidence"] == "published claim"
    assert row["known_of_model"] == "decapoda-research/llama-7b-hf"
    assert record["limits"]["max_quality_loss_ratio"] == 0.1
    page = plan_page(plan)
    assert percent(row["loss_high_ratio"]) in page
    assert "published claim on decapoda-research/llama-7b-hf" in page
    assert "quality_loss_high_ratio" in plan_csv(plan).splitlines()[0]
    assert "quality_loss" not in plan_csv(api.plan("llama-7b", **ON)).splitlines()[0]


def test_losses_of_weights_and_cache_measured_apart_are_a_sum_and_called_one(folder: Path):
    keep(fingerprint(folder), (0.01, 0.005, 0.02))
    kv = (("KVFormat", "fp8-e4m3"),)
    keep(fingerprint(folder), (0.001, 0.0, 0.002), technique="kv-fp8", parameters={}, effects=kv)
    wanted = {**ON, "weight_formats": ["int4-g128"], "kv_cache_dtypes": ["fp8-e4m3"], "max_quality_loss": "5%"}
    strict = api.plan(str(folder), **wanted, quality_basis="measured")
    assert strict.recommended is None
    assert any("gptq+kv-fp8` would settle it" in " ".join(note.split()) for note in strict.notes), strict.notes
    plan = api.plan(str(folder), **wanted, quality_basis="any")
    offer = plan.space.offer(plan.recommended.request.scheme)  # type: ignore[union-attr]
    assert offer is not None
    assert offer.loss is not None
    assert offer.loss.evidence is Evidence.ASSUMED
    assert offer.loss.value == pytest.approx(1.01 * 1.001 - 1)
    assert "not measured together" in offer.loss.known
    assert offer.technique == "gptq here + kv-fp8 here"


def test_a_composition_that_was_measured_is_not_a_sum(folder: Path):
    both = (("WeightFormat", "int4-g128"), ("KVFormat", "fp8-e4m3"))
    keep(fingerprint(folder), (0.03, 0.02, 0.04), technique="gptq+kv-fp8", parameters={"1.bits": 4}, effects=both)
    plan = api.plan(
        str(folder), **ON, weight_formats=["int4-g128"], kv_cache_dtypes=["fp8-e4m3"], max_quality_loss="5%"
    )
    offer = plan.space.offer(plan.recommended.request.scheme)  # type: ignore[union-attr]
    assert offer is not None
    assert offer.loss is not None
    assert (offer.loss.evidence, offer.loss.value, offer.loss.sum) == (Evidence.MEASURED_HERE, 0.03, None)


def table_of(weights: str) -> MeasuredTable:
    return MeasuredTable(
        model="mine", fingerprint=weights, text="a text", context=256, test_tokens=4096, calibration_tokens=8192,
        seed=0, release="0", made="2026-01-01", notes=(), pairs=(),
        rows=(
            MeasuredRow(technique="", perplexity=(30.0, 28.0, 32.0), bits=16.0, apply_cpu_s=0.0, code="c"),
            MeasuredRow(technique="gptq", perplexity=(30.1, 28.1, 32.1), bits=4.1, apply_cpu_s=1.0, code="c",
                        effects=(("WeightFormat", "int4-g128"),), perplexity_loss=(0.004, 0.002, 0.006)),
            MeasuredRow(technique="gptq", perplexity=(60.0, 58.0, 62.0), bits=4.1, apply_cpu_s=1.0, code="c",
                        outliers=64.0, effects=(("WeightFormat", "int4-g128"),), perplexity_loss=(1.0, 0.9, 1.1)),
        ),
    )  # fmt: skip


def test_what_ships_counts_for_these_very_weights_alone(folder: Path, monkeypatch: Any):
    asked = {**ON, "weight_formats": ["int4-g128"], "max_quality_loss": "1%", "quality_basis": "measured"}
    monkeypatch.setattr(claims, "shipped_tables", lambda: {"mine": table_of(fingerprint(folder))})
    plan = api.plan(str(folder), **asked)
    assert weights_of(plan) == "int4-g128"
    loss = plan.space.offer(plan.recommended.request.scheme).loss  # type: ignore[union-attr]
    assert loss.evidence is Evidence.MEASURED  # type: ignore[union-attr]
    assert "shipped with Interlock" in loss.reference  # type: ignore[union-attr]
    monkeypatch.setattr(claims, "shipped_tables", lambda: {"mine": table_of("other weights")})
    assert api.plan(str(folder), **asked).recommended is None
