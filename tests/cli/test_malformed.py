"""What a user gets wrong ends in one line that says where, what was found and what is accepted, and exit code 2."""

import json
import os
import re
import sys

import pytest

from interlock.catalogue import DATA

ON = ("--model", "llama-3.1-8b", "--chip", "h100-sxm")
PLAN = ("plan", "--model", "llama-3.1-8b", "--chips", "h100-sxm")


@pytest.fixture
def refused(run):
    """Run a command that must be refused; all of these must stand in the line."""

    def check(arguments, *expected):
        result = run(*arguments)
        lines = result.err.splitlines()
        assert result.code == 2, result
        assert result.out == ""
        assert len(lines) == 1, result.err
        assert lines[0].startswith("interlock: ")
        assert lines[0].isprintable()
        assert "Traceback" not in lines[0]
        for part in expected:
            assert part in lines[0], f"{part!r} is not in: {lines[0]}"
        return lines[0]

    return check


# Configs: one field spoiled. (what, changes, field, found, accepted); a change to ... takes the field away.
CONFIGS = [
    ("no hidden size", {"hidden_size": ...}, "hidden_size", "nothing", "a whole number"),
    ("null hidden size", {"hidden_size": None}, "hidden_size", "nothing", "a whole number"),
    ("no model type", {"model_type": ...}, "model_type", "nothing", "llama"),
    ("model type a number", {"model_type": 3}, "model_type", "3", "llama"),
    ("negative layers", {"num_hidden_layers": -2}, "num_hidden_layers", "-2", "from 1 to 10000"),
    ("zero layers", {"num_hidden_layers": 0}, "num_hidden_layers", "0", "from 1 to 10000"),
    ("10**12 layers", {"num_hidden_layers": 10**12}, "num_hidden_layers", "1000000000000", "from 1 to 10000"),
    ("string for number", {"hidden_size": "4096"}, "hidden_size", "'4096'", "a whole number"),
    ("fraction for integer", {"num_hidden_layers": 32.5}, "num_hidden_layers", "32.5", "a whole number"),
    ("bool for integer", {"num_attention_heads": True}, "num_attention_heads", "True", "a whole number"),
    ("list for integer", {"vocab_size": [128256]}, "vocab_size", "[128256]", "a whole number"),
    ("string for bool", {"tie_word_embeddings": "no"}, "tie_word_embeddings", "'no'", "true or false"),
    ("KV heads that do not divide", {"num_key_value_heads": 5}, "num_key_value_heads", "5", "divisor"),
    ("heads that do not divide", {"num_attention_heads": 31, "head_dim": None}, "num_attention_heads", "31", "4096"),
    ("near architecture", {"model_type": "lama"}, "model_type", "'lama'", "did you mean llama"),
    ("far architecture", {"model_type": "zzzz"}, "model_type", "'zzzz'", "mixtral"),
    ("unknown quantization", {"quantization_config": {"quant_method": "magic"}}, "quant_method", "'magic'", "gptq"),
    ("quantization a list", {"quantization_config": []}, "quantization_config", "[]", "an object"),
    ("two mistakes, the first counts", {"hidden_size": -1, "vocab_size": "x"}, "hidden_size", "-1", "a whole number"),
]


@pytest.mark.parametrize("case", CONFIGS, ids=lambda case: case[0])
def test_config_field(case, refused, llama, tmp_path):
    _, changes, field, found, accepted = case
    path = tmp_path / "config.json"
    kept = {key: value for key, value in {**llama, **changes}.items() if value is not ...}
    path.write_text(json.dumps(kept), encoding="utf-8")
    line = refused(("estimate", "--model", str(path), "--chip", "h100-sxm"), f"{path}: ", field, found, accepted)
    assert re.search(rf"{field}: found .*; accepted: ", line)


def test_more_experts_chosen_than_there_are(refused, mixtral, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({**mixtral, "num_experts_per_tok": 9}), encoding="utf-8")
    refused(("models", "./config.json"), "config.json: num_experts_per_tok: found 9", "at most num_local_experts 8")


@pytest.mark.parametrize("literal", ["1e999", "NaN", "Infinity", "-Infinity", "1e400", "32.000001"])
def test_config_number_that_is_none(literal, refused, llama, tmp_path):
    text = json.dumps({**llama, "num_hidden_layers": "here"}).replace('"here"', literal)
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    refused(("models", "./config.json"), "config.json: num_hidden_layers: found", "a whole number from 1 to 10000")


WRONG = [None, True, -1, 0, 7, 2.5, "x", [], [1], {}, {"a": 1}, 10**12, 1e308, float("nan"), float("inf")]


@pytest.mark.parametrize("name", ["llama-3.1-8b", "deepseek-v3", "jamba-v0.1", "gemma-3-4b", "t5-small", "mamba2-130m"])
def test_no_value_of_any_field_of_a_config_raises_anything_else(name, run, tmp_path):
    good = json.loads((DATA / "models" / f"{name}.json").read_text(encoding="utf-8"))
    path = tmp_path / "config.json"
    for field in [key for key in good if key != "interlock"]:
        for value in WRONG:
            path.write_text(json.dumps({**good, field: value}), encoding="utf-8")
            result = run("models", str(path))
            refusal = rf"interlock: {re.escape(str(path))}: [\w.]+: found .+; accepted: .+\n"
            assert result.code == 0 or (result.code == 2 and re.fullmatch(refusal, result.err)), (field, value, result)


# Files that hold no config at all: (what, bytes, found, accepted)
FILES = [
    ("cut off", b'{"model_type": "llama", "hidden_size": ', "line 1 column", "complete JSON"),
    ("empty", b"", "line 1 column 1", "complete JSON"),
    ("an array", b"[1, 2]", "a JSON list", "a JSON object"),
    ("a string", b'"llama"', "a JSON str", "a JSON object"),
    ("not UTF-8", b'{"model_type": "\xff\xfe"}', "not UTF-8", "UTF-8 text"),
    ("binary", bytes(range(256)), "not UTF-8", "UTF-8 text"),
    ("nested deep", b"[" * 100_000, "nesting too deep", "object"),
    ("nested deep in a field", b'{"model_type": ' + b"[" * 900 + b"]" * 900 + b"}", "found", "llama"),
    ("trailing comma", b'{"model_type": "llama",}', "line 1 column", "complete JSON"),
    ("a number of 5000 digits", b'{"hidden_size": ' + b"1" * 5000 + b"}", "too long to read", "sensible"),
]


@pytest.mark.parametrize("case", FILES, ids=lambda case: case[0])
def test_config_file(case, refused, tmp_path):
    _, content, found, accepted = case
    (tmp_path / "config.json").write_bytes(content)
    refused(("models", "./config.json"), "config.json: ", found, accepted)
    refused(("plan", "--model", str(tmp_path)), "config.json: ", found, accepted)


def test_places_without_a_config(refused, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "config.json").symlink_to(tmp_path / "gone")
    (tmp_path / "loop.json").symlink_to("loop.json")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "folder.json" / "config.json").mkdir()
    refused(("models", "./folder"), "folder/config.json: found no such file", "a readable file")
    refused(("models", "./nowhere.json"), "nowhere.json: found no such file", "a readable file")
    refused(("models", "./config.json"), "config.json: found", "a readable file")
    refused(("models", "./loop.json"), "loop.json: found", "a readable file")
    refused(("models", "./folder.json"), "folder.json/config.json: found a folder", "a readable file")
    refused(("models", "~nobody-of-this-name/config.json"), "~nobody-of-this-name/config.json: found no such file")
    refused(("nodes", "~nobody-of-this-name/x.toml"), "~nobody-of-this-name/x.toml: found no such file")
    refused(("models", "./" + "x" * 5000 + ".json"), "found File name too long", "a readable file")
    refused(("models", "x" * 5000), "model name: found 'xxx", "interlock models")
    refused(("models", ""), "model name: found ''", "interlock models")


def test_a_file_of_a_terabyte_is_not_read(refused, tmp_path):
    for name, command in (("config.json", "models"), ("chip.toml", "chips")):
        with (tmp_path / name).open("wb") as file:
            file.truncate(10**12)
        refused((command, f"./{name}"), f"{name}: found 1000000000000 bytes", "at most 67108864 bytes")


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="root reads everything")
def test_a_file_without_permission(refused, tmp_path):
    path = tmp_path / "config.json"
    path.write_text("{}")
    path.chmod(0)
    refused(("models", "./config.json"), "config.json: found Permission denied", "a readable file")


# Chips: one piece of text of a good file replaced. (what, piece, instead, field, found, accepted)
FAST = 'bandwidth = "3.35 TB/s"'
CHIPS = [
    ("zero bandwidth", FAST, 'bandwidth = "0 TB/s"', "memories.main.bandwidth", "0 TB/s", "greater than zero"),
    ("negative bandwidth", FAST, 'bandwidth = "-3 TB/s"', "memories.main.bandwidth", "-3 TB/s", "greater than zero"),
    ("NaN bandwidth", FAST, "bandwidth = nan", "memories.main.bandwidth", "nan", "3.35 TB/s"),
    ("infinite bandwidth", FAST, "bandwidth = inf", "memories.main.bandwidth", "inf", "3.35 TB/s"),
    ("overflowing bandwidth", FAST, 'bandwidth = "1e999 TB/s"', "memories.main.bandwidth", "1e999", "finite"),
    ("unit of a capacity", FAST, 'bandwidth = "3 TB"', "memories.main.bandwidth", "unit 'TB'", "TB/s"),
    ("bare number", FAST, "bandwidth = 3.35e12", "memories.main.bandwidth", "without a unit", "3.35 TB/s"),
    ("bare number in quotes", FAST, 'bandwidth = "3.35e12"', "memories.main.bandwidth", "without a unit", "TB/s"),
    ("misspelt field", FAST, 'bandwith = "3.35 TB/s"', "memories.main.bandwith", "3.35 TB/s", "no field of this name"),
    ("unknown field", 'tdp = "700 W"', 'tpd = "700 W"', "tpd", "700 W", "no field of this name"),
    ("no vendor", 'vendor = "NVIDIA"', "", "vendor", "nothing", "required"),
    ("unknown category", '"datacenter-gpu"', '"toaster"', "category", "'toaster'", "'phone'"),
    ("year a word", "year = 2022", 'year = "new"', "year", "'new'", "integer"),
    ("unknown compute format", "fp8 = ", "fp7 = ", "engines.matrix.peaks.fp7", "fp7", "'fp8'"),
    ("no main memory", "[memories.main]", "[memories.llc]", "memories.main", "nothing", "required"),
    ("unknown memory", "[memories.l2]", "[memories.l9]", "memories.l9", "l9", "'l2'"),
]


@pytest.mark.parametrize("case", CHIPS, ids=lambda case: case[0])
def test_chip_field(case, refused, h100, tmp_path):
    _, piece, instead, field, found, accepted = case
    assert piece in h100
    path = tmp_path / "mine.toml"
    path.write_text(h100.replace(piece, instead, 1), encoding="utf-8")
    for command in (("chips", str(path)), ("estimate", "--model", "llama-3.1-8b", "--chip", str(path))):
        line = refused(command, f"{path}: {field}", found, accepted)
        assert re.search(r": found .*; accepted: ", line)


LIKES = [
    ("broken TOML", "name = ", "Invalid value", "TOML"),
    ("unclosed table", "[memories.main\n", "line 1", "TOML"),
    ("twice the same key", 'like = "l4"\nlike = "t4"\n', "line 2", "TOML"),
    ("nested deep", "x = " + "[" * 50_000, "nesting too deep", "TOML"),
    ("a number of 5000 digits", "year = " + "1" * 5000, "too long to read", "sensible"),
    ("like no chip", 'like = "h100-smx"', "like: found 'h100-smx'", "did you mean h100-sxm"),
    ("like a number", "like = 100", "like: found 100", "the name of a chip"),
    ("like a list", 'like = ["h100-sxm"]', "like: found ['h100-sxm']", "the name of a chip"),
    ("like itself", 'like = "./mine.toml"', "a ring of `like`: mine -> mine", "a complete chip"),
    ("like no file", 'like = "./gone.toml"', "gone.toml: found no such file", "a readable file"),
    ("empty", "", "name: found nothing", "required"),
    (
        "source of an unknown kind",
        'like = "l4"\n[sources]\ntdp = { kind = "dream", ref = "x" }',
        "sources.tdp",
        "dream",
    ),
]


@pytest.mark.parametrize("case", LIKES, ids=lambda case: case[0])
def test_chip_file(case, refused, tmp_path):
    _, text, found, accepted = case
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    refused(("chips", "./mine.toml"), ".toml: ", found, accepted)


def test_a_ring_of_likes(refused, tmp_path):
    (tmp_path / "a.toml").write_text('like = "./b.toml"')
    (tmp_path / "b.toml").write_text('like = "./a.toml"')
    refused(("chips", "./a.toml"), "b.toml: like: found a ring of `like`: a -> b -> a", "a complete chip")


def test_a_broken_chip_among_the_users_is_named(refused, monkeypatch, tmp_path):
    (tmp_path / "chips").mkdir()
    (tmp_path / "chips" / "broken.toml").write_text("tdp = 3")
    monkeypatch.setenv("INTERLOCK_PATH", str(tmp_path))
    refused(("chips",), "broken.toml: ", "found", "accepted")


# Names that no catalogue has: (arguments, where, near name offered)
NAMES = [
    (("estimate", "--model", "llama-3.1-8", "--chip", "h100"), "--model: found 'llama-3.1-8'", "llama-3.1-8b"),
    (("estimate", "--model", "llama-3.1-8b", "--chip", "h100-smx"), "--chip: found 'h100-smx'", "h100-sxm"),
    (("plan", "--model", "lama-3.1-70b"), "--model: found 'lama-3.1-70b'", "llama-3.1-70b"),
    ((*PLAN[:-1], "h100-sxm,mi30x"), "--chips: found 'mi30x'", "mi300x"),
    ((*PLAN, "--workload", "chatt"), "--workload: found 'chatt'", "chat"),
    (("estimate", *ON, "--technique", "gtpq"), "--technique: found 'gtpq'", "gptq"),
    (("estimate", *ON, "--weight-format", "int4-g218x"), "--weight-format: found 'int4-g218x'", "int4-g128"),
    (("estimate", *ON, "--activation-format", "b16"), "--activation-format: found 'b16'", "bf16"),
    (("estimate", *ON, "--kv-cache-dtype", "fp9"), "--kv-cache-dtype: found 'fp9'", "fp8"),
    ((*PLAN, "--weight-formats", "bf16,fp9"), "--weight-formats: found 'fp9'", "fp8"),
    ((*PLAN, "--kv-cache-dtypes", "f8"), "--kv-cache-dtypes: found 'f8'", "fp8"),
    ((*PLAN, "--price", "h100-smx=2"), "--price: found 'h100-smx'", "h100-sxm"),
    (("chips", "h100-smx"), "chip name: found 'h100-smx'", "h100-sxm"),
    (("nodes", "dgx-h10"), "node name: found 'dgx-h10'", "dgx-h100"),
    (("models", "mixtrall"), "model name: found 'mixtrall'", "mixtral"),
    (("techniques", "awk"), "technique: found 'awk'", "awq"),
    (("formats", "mxfp5"), "format: found 'mxfp5'", "mxfp4"),
    (("systems", "kv-cach"), "system name: found 'kv-cach'", "kv-cache"),
    (("systems", "run", "mamb"), "system name: found 'mamb'", "mamba"),
]


@pytest.mark.parametrize("case", NAMES, ids=lambda case: " ".join(case[0]))
def test_near_name(case, refused):
    arguments, where, near = case
    line = refused(arguments, where, "did you mean", near)
    assert line.index(near, line.index("did you mean")) > 0


# Values of flags: (arguments, parts of the line)
SXM = ("estimate", *ON)
FLAGS = [
    ((*PLAN, "--ttft", "1"), "--ttft: found '1' without a unit", "50ms"),
    ((*PLAN, "--ttft=-1s"), "--ttft: found -1.0", "greater than zero"),
    ((*PLAN, "--ttft", "0s"), "--ttft: found 0.0", "greater than zero"),
    ((*PLAN, "--ttft", "nan"), "--ttft: found 'nan'", "50ms"),
    ((*PLAN, "--tpot", "fast"), "--tpot: found 'fast'", "50ms"),
    ((*PLAN, "--tpot", "50 GB"), "--tpot: found unit 'GB'", "units: ", "ms"),
    ((*PLAN, "--latency", "1e999s"), "--latency: found '1e999s'", "finite"),
    ((*PLAN, "--power", "10"), "--power: found '10' without a unit", "700 W"),
    ((*PLAN, "--rate", "0"), "--rate: found 0", "greater than zero"),
    ((*PLAN, "--rate", "nan"), "--rate: found nan", "greater than zero"),
    ((*PLAN, "--max-chips", "0"), "--max-chips: found 0", "from 1 to"),
    ((*PLAN, "--max-chips", "2.5"), "--max-chips: found '2.5'", "a whole number"),
    ((*PLAN, "--max-quality-loss", "-1"), "--max-quality-loss: found '-1'", "at most 100 %"),
    ((*PLAN, "--max-quality-loss", "nan"), "--max-quality-loss: found 'nan'", "such as"),
    ((*PLAN, "--max-quality-loss", "1"), "--max-quality-loss: found '1'", '"1%" or 0.01'),
    ((*PLAN, "--quality-basis", "publised"), "--quality-basis", '"publised"', 'Did you mean "published"?'),
    ((*PLAN, "--max-qualty-loss", "1%"), "--max-qualty-loss", "Did you mean --max-quality-loss?"),
    ((*PLAN, "--front", "0"), "--front: found 0", "from 1"),
    ((*PLAN, "--objective", "cots"), "--objective", '"cots"', 'Did you mean "cost"?'),
    ((*PLAN, "--price-basis", "yours"), "--price-basis", '"yours"', '"hourly", "purchase"'),
    ((*PLAN, "--price", "h100-sxm"), "--price: found 'h100-sxm'", "NAME=USD_PER_HOUR"),
    ((*PLAN, "--price", "h100-sxm=cheap"), "--price: found 'h100-sxm=cheap'", "NAME=USD_PER_HOUR"),
    ((*PLAN, "--price", "h100-sxm=-2"), "--price: found h100-sxm=-2", "more than 0"),
    ((*PLAN, "--price", "h100-sxm=nan"), "--price: found h100-sxm=nan", "more than 0"),
    ((*PLAN[:-1], "h100-sxm,,l4"), "--chips: found 'h100-sxm,,l4'", "separated by commas"),
    ((*PLAN[:-1], ""), "--chips: found ''", "separated by commas"),
    ((*PLAN, "--weight-formats", "bf16,"), "--weight-formats: found 'bf16,'", "separated by commas"),
    ((*SXM, "--batch", "0"), "--batch: found 0", "a whole number from 1"),
    ((*SXM, "--batch", "-1"), "--batch: found -1", "a whole number from 1"),
    ((*SXM, "--batch", "1.5"), "--batch: found '1.5'", "a whole number"),
    ((*SXM, "--batch", "many"), "--batch: found 'many'", "a whole number"),
    ((*SXM, "--prompt", "0"), "--prompt: found 0", "1 to 1e9 tokens"),
    ((*SXM, "--prompt", "nan"), "--prompt: found nan", "1 to 1e9 tokens"),
    ((*SXM, "--output", "inf"), "--output: found inf", "1 to 1e9 tokens"),
    ((*SXM, "--prompt", "131000", "--output", "500"), "--prompt and --output: found 131500", "131072 positions"),
    ((*PLAN, "--prompt", "200000"), "--prompt and --output: found 200211", "131072 positions"),
    ((*SXM, "--images", "-1"), "--images: found -1", "from 0"),
    ((*SXM, "-tp", "3"), "TP3", "32 attention heads do not divide by TP 3"),
    ((*SXM, "-pp", "33"), "PP33", "33 pipeline stages for 32 layers"),
    ((*SXM, "-ep", "2"), "EP2", "model without experts"),
    ((*SXM, "-tp", "0"), "--tensor-parallel-size: found 0", "a whole number from 1"),
    ((*SXM, "--weight-format", "int4-g0"), "--weight-format: found group size 0", "a group of 1 to"),
    ((*SXM, "--weight-format", "bf16+2:0"), "--weight-format: found 'bf16+2:0'", "0 < N <= M"),
    ((*SXM, "--weight-format", "bf16+110%"), "--weight-format: found 'bf16+110%'", "below 100%"),
    ((*SXM, "--weight-format", "bf16+"), "--weight-format: found 'bf16+'", "sparsity such as 2:4"),
    ((*SXM, "--technique", "gptq:bits"), "--technique: found 'bits'", "bits, group_size", "key=value"),
    ((*SXM, "--technique", "gptq:bits=x"), "--technique: found 'bits=x'", "a whole number for bits"),
    ((*SXM, "--technique", "gptq:bits=7"), "--technique: found 'gptq:bits=7'", "int4-g128"),
    ((*SXM, "--technique", "sliding-window:tokens=0"), "--technique: found 'sliding-window:tokens=0'", "at least 1"),
    ((*SXM, "--batch", "9" * 5000), "--batch: found '999", "a whole number"),
    ((*SXM, "--host-memory", "many"), "--host-memory: found 'many'", "80 GB"),
    ((*SXM, "--host-memory=-5GB"), "--host-memory: found '-5GB'", "0 bytes or more"),
    ((*SXM, "--routing-skew", "-1"), "--routing-skew: found -1", "from 0"),
    ((*SXM, "--kv-cache-dtyp", "fp8"), "--kv-cache-dtyp", "Did you mean --kv-cache-dtype?"),
    ((*SXM, "--json=maybe"), "--json", '"maybe"', "bool"),
    ((*SXM, "--no-json"), "--no-json", "--json"),
    ((*PLAN, "--ttft"), "--ttft", "requires an argument"),
    ((*PLAN, "--model", "gpt2"), "--model", "multiple times"),
    (("plan",), "--model", "requires an argument"),
    (("estimate", "--model", "gpt2"), "--chip", "requires an argument"),
    (("plna", "--model", "gpt2"), '"plna"', 'Did you mean "plan"?'),
    (("chips", "a100-80g", "l4"), "found 'l4'", "accepted"),
    (("systems", "--status", "done"), "--status: found 'done'", "works, in part, not yet"),
    (("systems", "run"), "systems run: found neither", "--all"),
    (("systems", "run", "mamba", "--all"), "systems run: found both", "--all"),
]


@pytest.mark.parametrize("case", FLAGS, ids=lambda case: " ".join(case[0])[:80])
def test_flag(case, refused):
    arguments, *expected = case
    refused(arguments, *expected)


def test_a_system_without_an_exhibit(refused, run):
    waiting = run("systems", "--status", "not yet", "--json").json
    if not waiting:
        pytest.skip("every system has an exhibit")
    refused(("systems", "run", waiting[0]["id"]), f"found {waiting[0]['id']!r}", "a system with an exhibit")


@pytest.mark.parametrize("flag", ["--html", "--csv"])
@pytest.mark.parametrize("command", ["plan", "explain"])
def test_a_place_that_cannot_be_written(command, flag, refused, tmp_path):
    arguments = PLAN if command == "plan" else ("explain", *ON)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("kept")
    before = sorted(tmp_path.rglob("*"))
    refused((*arguments, flag, "folder"), "folder: found a folder", "a file to write")
    refused((*arguments, flag, "nowhere/page"), "nowhere/page: found No such file or directory", "can be written")
    refused((*arguments, flag, "file/page"), "file/page: found Not a directory", "can be written")
    refused((*arguments, flag, "~nobody-of-this-name/page"), "~nobody-of-this-name/page: found", "can be written")
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "file").read_text() == "kept"


def test_a_refusal_leaves_an_older_report_alone(refused, tmp_path):
    report = tmp_path / "plan.csv"
    report.write_text("older")
    refused((*PLAN, "--csv", "plan.csv", "--ttft", "soon"), "--ttft")
    assert sorted(tmp_path.iterdir()) == [report]
    assert report.read_text() == "older"


@pytest.mark.parametrize("entry", ["/nowhere", "~nobody-of-this-name", "", ":::", "x" * 5000, "file"])
def test_entries_of_interlock_path_that_are_no_folders_are_ignored(entry, run, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("INTERLOCK_PATH", entry)
    result = run("chips", "h100")
    assert (result.code, result.err) == (0, "")


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes")
@pytest.mark.parametrize("name", [b"new\nline", b"esc\x1b[31m", b"latin-\xff", "emoji-🙂".encode()])
def test_odd_names_of_files_stay_on_one_line(name, refused, tmp_path):
    path = os.fsdecode(bytes(tmp_path) + b"/" + name + b".json")
    refused(("models", path), "found no such file", "a readable file")
