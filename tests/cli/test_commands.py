"""Every command as a user meets it: what it prints, on 80 columns and as JSON, and that both say what the API says."""

import json
import re
from dataclasses import asdict

import pytest

import interlock
from interlock.cli import show
from interlock.hardware import all_chips, chip
from interlock.hardware.node import all_nodes
from interlock.models import count_parameters, model, names
from interlock.report import estimate_record, explanation_record, plan_record

ON = ("--model", "llama-3.1-8b", "--chip", "h100-sxm")
PLAN = ("plan", "--model", "llama-3.1-8b", "--chips", "h100-sxm,l4,mi300x")


@pytest.fixture
def answer(run):
    """Run a command that must work; the text that it prints fits a terminal of 80 columns."""

    def check(*arguments, code=0):
        result = run(*arguments)
        assert (result.code, result.err) == (code, ""), result
        if "--json" not in arguments:
            lines = result.out.splitlines()
            assert max(len(line) for line in lines) <= 80, max(lines, key=len)
            assert "…" not in result.out
            assert not any(line.endswith(" ") for line in lines)
        return result

    return check


def words(text):
    return " ".join(text.split())


# A command, and words that its answer has: heads of tables first.
ANSWERS = [
    (
        PLAN,
        "deployment formats batch TTFT TPOT /chip $/Mtok J/tok",
        "Recommended: ",
        "chip best it can do",
        "limited by",
    ),
    (
        (*PLAN, "--ttft", "200ms", "--tpot", "20ms"),
        "TTFT at most 200 ms, TPOT at most 20 ms",
        "without",
        "times better",
    ),
    ((*PLAN, "--rate", "100"), "100 requests/s"),
    (
        ("plan", "--model", "bert-base", "--chips", "l4", "--prompt", "128"),
        "latency /chip $/Mreq J/req",
        "million requests",
    ),
    (("plan", "--model", "deepseek-v3", "--chips", "h200-sxm", "--max-chips", "16"), "deployment formats batch"),
    (
        ("estimate", *ON),
        "first token",
        "each token",
        "throughput",
        "energy",
        "memory weights",
        "vllm serve",
        "evidence",
    ),
    (
        ("estimate", "--model", "vit-base-patch16", "--chip", "l4", "--prompt", "1"),
        "requests/s",
        "USD per million requests",
    ),
    (("explain", *ON), "block, operator time share bound FLOP bytes energy", "change throughput TTFT TPOT"),
    (("explain", "--model", "deepseek-v3", "--chip", "h200-sxm", "-tp", "8"), "2.expert_down.all_reduce", "network"),
    (("explain", "--model", "jamba-v0.1", "--chip", "h100-sxm", "-tp", "2", "--batch", "64"), "One decode step"),
    (("explain", "--model", "bert-base", "--chip", "l4", "--prompt", "128"), "Prefill of one request"),
    (
        ("chips",),
        "16-bit 8-bit memory bandwidth power price",
        "chip year TOP/s TOP/s GB GB/s W USD/h",
        "h100-sxm 2022 989",
    ),
    (("chips", "--search", "phone"), "snapdragon-8-elite"),
    (("chips", "h100"), "h100-sxm: NVIDIA H100", "main HBM3: 85.9 GB, 3.35 TB/s", "sources", "as printed"),
    (("nodes",), "node kind chips chip power", "dgx-h100 node 8 h100-sxm 10.2 kW"),
    (("nodes", "--search", "rack"), "gb200-nvl72"),
    (("nodes", "dgx-h100"), "8 x h100-sxm", "host memory 2.2 TB, 614 GB/s", "sources"),
    (
        ("models",),
        "params params KV per max",
        "model architecture total active token tokens",
        "llama-3.1-8b llama 8.03B",
    ),
    (("models", "--search", "mixtral"), "mixtral-8x7b"),
    (("models", "deepseek-v3"), "671,026,404,352", "58 x LatentAttention", "163,840"),
    (("formats",), "format bits multiplied as what is stored", "mxfp4 4.25 fp4"),
    (("formats", "int4-g128", "bf16+2:4"), "int4-g128 4.125", "bf16+2:4 9"),
    (("techniques",), "technique family title sets", "awq quantization AWQ weight format int4-g128-asym"),
    (("techniques", "--search", "pruning"), "wanda"),
    (("techniques", "gptq:bits=3"), "bits=3, group_size=128", "weight format int3-g128", "Frantar"),
    (("workloads",), "workload in out what source", "chat 1155 211"),
    (("systems",), "system status name", "kv-cache works", "systems: "),
    (("systems", "--search", "kv-cache", "--status", "works"), "kv-cache works"),
    (("systems", "tpu-v4"), "named in", "interlock systems run tpu-v4"),
    (("systems", "run", "tpu-v4"), "reproduced claimed", "pass tpu-v4: ", "4,096 4,096", "1 of 1 exhibit passes"),
]


@pytest.mark.parametrize("case", ANSWERS, ids=lambda case: " ".join(case[0]))
def test_answer(case, answer):
    arguments, *expected = case
    text = words(answer(*arguments).out)
    for part in expected:
        assert part in text


@pytest.mark.parametrize(("command", "every"), [("chips", all_chips), ("nodes", all_nodes)])
def test_every_entry_can_be_shown(command, every, answer):
    for item in every():
        text = answer(command, item.id).out
        assert text.startswith(f"\n{item.id}: ")
        assert "None" not in text


def test_every_model_can_be_shown(answer):
    for name in names():
        text = answer("models", name).out
        assert text.startswith(f"\n{name}: ")
        assert f"{count_parameters(model(name)).total:,}" in text


def plain(value):
    return json.loads(json.dumps(value))


# What JSON must be: the records of the same call in Python.
RECORDS = [
    (("estimate", *ON), lambda: estimate_record(interlock.estimate("llama-3.1-8b", "h100-sxm"))),
    (
        ("estimate", *ON, "-tp", "2", "--batch", "8", "--workload", "code", "--kv-cache-dtype", "fp8"),
        lambda: estimate_record(
            interlock.estimate(
                "llama-3.1-8b", "h100-sxm", tensor_parallel_size=2, batch=8, workload="code", kv_cache_dtype="fp8"
            )
        ),
    ),
    (("explain", *ON), lambda: explanation_record(interlock.explain("llama-3.1-8b", "h100-sxm"))),
    (
        (*PLAN, "--ttft", "500ms", "--objective", "energy", "--front", "3"),
        lambda: plan_record(
            interlock.plan("llama-3.1-8b", chips=["h100-sxm", "l4", "mi300x"], ttft="500ms", objective="energy", show=3)
        ),
    ),
    (("chips",), lambda: [asdict(item) for item in all_chips()]),
    (("chips", "h100"), lambda: asdict(chip("h100-sxm"))),
    (("nodes",), lambda: [asdict(item) for item in all_nodes()]),
]


@pytest.mark.parametrize("case", RECORDS, ids=lambda case: " ".join(case[0]))
def test_json_is_what_the_api_returns(case, answer):
    arguments, record = case
    assert answer(*arguments, "--json").json == plain(record())


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (("models",), "name"),
        (("formats",), "name"),
        (("techniques",), "name"),
        (("workloads",), "id"),
        (("systems",), "id"),
        (("systems", "run", "tpu-v4"), "system"),
    ],
)
def test_json_of_lists_names_what_the_text_names(arguments, key, answer):
    records = answer(*arguments, "--json").json
    text = answer(*arguments).out
    assert len(records) > 0
    assert all(record[key] in text for record in records)


@pytest.mark.parametrize(
    "arguments", [("models", "gpt2"), ("nodes", "dgx-h100"), ("techniques", "awq"), ("systems", "tpu-v4")]
)
def test_json_of_one_entry(arguments, answer):
    found = answer(*arguments, "--json").json
    assert arguments[1] in (found.get("name"), found.get("id"))


def test_the_text_has_the_figures_of_the_record(answer):
    record = answer("estimate", *ON, "--json").json
    text = words(answer("estimate", *ON).out)
    assert f"TTFT {record['ttft_s'] * 1e3:.3g} ms" in text
    assert f"TPOT {record['tpot_s'] * 1e3:.3g} ms" in text
    assert f"{record['usd_per_million_output_tokens']:.3g} USD per million output tokens" in text
    assert f"{record['tokens_per_s']:.0f} tokens/s" in text


def test_a_search_that_finds_nothing_says_so(answer):
    for command, nothing in (("chips", "0 chips"), ("nodes", "0 nodes"), ("models", "0 models"),
                             ("techniques", "0 techniques"), ("systems", "0 systems")):  # fmt: skip
        assert nothing in answer(command, "--search", "no such thing").out
        assert answer(command, "--search", "no such thing", "--json").json == []


# What does not fit or is not fast enough: exit code 1, and lines that say by how much.
SHORT = [
    (("plan", "--model", "gpt3-175b", "--chips", "t4", "--max-chips", "1"), r"178\.\d GB needed .* GB short; 14 chips"),
    ((*PLAN, "--ttft", "1us"), r"ttft: at best .* ms with the other limits met, 0\.0 ms allowed \(\d+ % over\)"),
    ((*PLAN, "--tpot", "10us"), r"tpot: at best .*allowed \(\d+ % over\)"),
    ((*PLAN, "--rate", "1e6"), r"max chips: at best \d+ chips .* 8 chips allowed"),
    ((*PLAN, "--power", "1W"), r"power: at best \d+ W .* 1 W allowed"),
]


@pytest.mark.parametrize("case", SHORT, ids=lambda case: " ".join(case[0]))
def test_a_plan_that_cannot_be_met_says_what_is_missing(case, answer):
    arguments, expected = case
    text = words(answer(*arguments, code=1).out)
    assert "Nothing meets the limits" in text
    assert re.search(expected, text), text
    record = answer(*arguments, "--json", code=1).json
    assert record["recommended"] is None
    assert record["front"] == []
    assert re.search(expected, " ".join(record["missing"]))


@pytest.mark.parametrize("command", ["estimate", "explain"])
def test_a_deployment_that_does_not_fit_says_so_first(command, answer):
    text = words(answer(command, "--model", "llama-3.1-70b", "--chip", "l4", code=1).out)
    assert re.search(r"512 tokens in, 128 out(, batch 1)? problem 1\d\d\.\d GB a chip do not fit", text)


def test_what_is_not_known_is_called_so_and_never_a_figure(answer):
    for command in ("estimate", "explain"):
        text = words(answer(command, "--model", "llama-3.1-8b", "--chip", "gb10", code=1).out)
        assert "problem gb10 has no published bf16 rate" in text
        assert not re.search(r"\b(nan|inf)\b", text)
    record = answer("estimate", "--model", "llama-3.1-8b", "--chip", "gb10", "--json", code=1).json
    assert (record["feasible"], record["ttft_s"], record["tokens_per_s"]) == (False, None, None)


def write_chip(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


FASTER = 'like = "h100-sxm"\n[memories.main]\nbandwidth = "6.7 TB/s"\n'


def test_a_chip_with_twice_the_bandwidth_decodes_faster_and_is_called_assumed(answer, tmp_path):
    path = write_chip(tmp_path / "faster.toml", FASTER)
    faster = answer("estimate", "--model", "llama-3.1-8b", "--chip", path, "--json").json
    base = answer("estimate", *ON, "--json").json
    assert faster["chip"] == "faster"
    assert base["tpot_s"] / 2 <= faster["tpot_s"] < base["tpot_s"] / 1.3
    assert faster["ttft_s"] <= base["ttft_s"]
    assert faster["weights_bytes"] == base["weights_bytes"]
    assert {"kind": "assumed", "ref": "the user's what-if", "note": ""} in faster["sources"]
    assert faster["evidence"] == "assumed"
    text = words(answer("chips", path).out)
    assert "main HBM3: 85.9 GB, 6.7 TB/s" in text
    assert "memories.main.bandwidth assumed: the user's what-if" in text
    assert "like h100-sxm" in text
    plan = answer(
        "plan", "--model", "llama-3.1-8b", "--chips", f"h100-sxm,{path}", "--objective", "tpot", "--json"
    ).json
    assert plan["recommended"]["chip"] == "faster"


def test_a_users_folder_of_chips_models_and_workloads(answer, llama, monkeypatch, tmp_path):
    write_chip(tmp_path / "mine" / "chips" / "paper-chip.toml", FASTER)
    (tmp_path / "mine" / "models").mkdir()
    small = {**llama, "num_hidden_layers": 2, "interlock": {}}
    (tmp_path / "mine" / "models" / "two-layers.json").write_text(json.dumps(small), encoding="utf-8")
    (tmp_path / "mine" / "workloads").mkdir()
    (tmp_path / "mine" / "workloads" / "mail.toml").write_text(
        'title = "Mail"\nprompt = 300\noutput = 100\n[sources]\nprompt = { kind = "assumed", ref = "a guess" }\n'
    )
    monkeypatch.setenv("INTERLOCK_PATH", str(tmp_path / "mine"))
    arguments = ("--model", "two-layers", "--chip", "paper-chip", "--workload", "mail", "--json")
    found = answer("estimate", *arguments).json
    assert (found["model"], found["chip"]) == ("two-layers", "paper-chip")
    assert (found["prompt_tokens"], found["output_tokens"]) == (300, 100)
    assert "paper-chip" in answer("chips").out
    assert "two-layers" in answer("models").out
    assert "mail" in answer("workloads").out


def test_a_folder_named_interlock_beside_the_user_counts_too(answer, tmp_path):
    write_chip(tmp_path / "interlock" / "chips" / "near-chip.toml", FASTER)
    assert answer("chips", "near-chip", "--json").json["id"] == "near-chip"


def test_a_model_is_a_name_a_folder_or_a_file(answer, llama, tmp_path):
    folder = tmp_path / "my-llama"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(llama), encoding="utf-8")
    (tmp_path / "other.json").write_text(json.dumps(llama), encoding="utf-8")
    named = answer("estimate", *ON, "--json").json
    for where, name in (("./my-llama", "my-llama"), ("my-llama", "my-llama"), ("my-llama/config.json", "my-llama"),
                        (str(folder), "my-llama"), ("./other.json", "other")):  # fmt: skip
        found = answer("estimate", "--model", where, "--chip", "h100-sxm", "--json").json
        assert found["model"] == name
        assert found["tpot_s"] == named["tpot_s"]
        assert found["weights_bytes"] == named["weights_bytes"]


def test_a_technique_sets_the_formats(answer):
    base = answer("estimate", *ON, "--json").json
    found = answer("estimate", *ON, "--technique", "awq", "--json").json
    assert found["weight_format"] == "int4-g128-asym"
    assert found["activation_format"] == base["activation_format"] == "bf16"
    assert found["weights_bytes"] < base["weights_bytes"] / 2
    assert found["tpot_s"] < base["tpot_s"]
    assert answer("estimate", *ON, "--technique", "gptq:bits=3", "--json").json["weight_format"] == "int3-g128"


def test_a_price_of_ones_own_changes_the_cost(answer):
    base = answer("estimate", *ON, "--json").json
    for name in ("h100-sxm", "h100", "H100-80G"):
        found = answer("estimate", *ON, "--price", f"{name}=1", "--json").json
        ratio = found["usd_per_million_output_tokens"] / base["usd_per_million_output_tokens"]
        assert ratio == pytest.approx(1 / (base["usd_per_chip_s"] * 3600))
        assert found["price_basis"] == "yours"
    cheap = answer(*PLAN, "--price", "l4=0.001", "--price", "h100=9", "--json").json
    assert cheap["recommended"]["chip"] == "l4"


def test_a_price_for_a_chip_that_has_none(answer):
    arguments = ("estimate", "--model", "llama-3.1-8b", "--chip", "gh200-96g")
    assert "give --price gh200-96g=USD_PER_HOUR" in words(answer(*arguments).out)
    assert "your price" in words(answer(*arguments, "--price", "gh200-96g=3").out)


def test_the_same_question_has_the_same_answer_to_the_byte(answer):
    for arguments in (PLAN, (*PLAN, "--json"), ("explain", *ON), ("models",), ("systems", "--json")):
        assert answer(*arguments).out == answer(*arguments).out


def test_reports_are_written_beside_the_answer(answer, tmp_path):
    for arguments in (PLAN, ("explain", *ON)):
        alone = answer(*arguments).out
        assert answer(*arguments, "--csv", "a.csv", "--html", "a.html").out == alone
        assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.html"]
        assert "<html" in (tmp_path / "a.html").read_text(encoding="utf-8")
        assert (tmp_path / "a.csv").read_text(encoding="utf-8").count("\n") > 3


def test_the_command_to_start_it_can_be_copied(answer):
    text = answer("estimate", *ON).out
    command = answer("estimate", *ON, "--json").json["command"]
    lines = text[text.index("vllm serve") :].splitlines()
    last = next(index for index, line in enumerate(lines) if not line.endswith("\\"))
    assert " ".join(line.rstrip("\\").strip() for line in lines[: last + 1]) == command


@pytest.mark.parametrize("terminal", [True, False])
def test_a_progress_bar_appears_after_a_second_on_standard_error_of_a_terminal(terminal, monkeypatch, capsys):
    if terminal:
        monkeypatch.setenv("TTY_COMPATIBLE", "1")
    now = 0.0
    monkeypatch.setattr(show.time, "monotonic", lambda: now)
    with show.progress("pricing") as advance:
        advance(1, 10)
        now = 0.9
        advance(2, 10)
        assert capsys.readouterr() == ("", "")
        now = 1.1
        advance(3, 10)
    out, err = capsys.readouterr()
    assert out == ""
    assert ("pricing" in err) is terminal


HELP = [
    ((), ("plan", "estimate", "explain", "chips", "nodes", "models", "formats", "techniques", "workloads", "systems")),
    (("plan",), ("--model", "--chips", "--ttft", "--tpot", "--objective", "--max-chips", "--html", "--request-rate")),
    (("estimate",), ("--tensor-parallel-size", "--tp", "--max-num-seqs", "--kv-cache-dtype", "--technique", "--json")),
    (("explain",), ("--chip", "--input-len", "--csv", "--html")),
    (("chips",), ("--search", "--json")),
    (("systems",), ("run", "--status")),
    (("systems", "run"), ("--all",)),
]


@pytest.mark.parametrize(("command", "flags"), HELP, ids=lambda value: " ".join(value) or "all")
def test_help_lists_flags_with_what_they_do_and_no_internals(command, flags, run):
    result = run(*command, "--help")
    assert (result.code, result.err) == (0, "")
    assert max(len(line) for line in result.out.splitlines()) <= 80
    text = re.sub(r"[│╭╮╰╯─]", " ", result.out)
    for flag in flags:
        assert re.search(rf"(^|\s){re.escape(flag)}\b", text), flag
    for leak in ("None", "flags.", "DeploymentFlags", "PlanFlags", "default: False", 'default: ""', "[]", "dataclass"):
        assert leak not in text
    entries = re.findall(r"^ +\*? +(--[a-z-]+)((?: +-?-[a-z-]+)*)(?: +[A-Z.]+)? +(\S.*)$", text, re.MULTILINE)
    assert len(entries) >= (1 if command else 0)
    assert all(said.strip() for *_, said in entries)


def test_no_command_at_all_shows_the_help(run):
    assert run().out == run("--help").out
