"""What the package promises: its public names and the options of its command line. A new one is a decision."""

from collections.abc import Iterator

import pytest
from cyclopts import App

import interlock
from interlock.cli.application import app

NAMES = [
    "Chip", "InputError", "InterlockError", "Model", "Plan", "chip", "count_parameters", "estimate", "explain",
    "model", "plan",
]  # fmt: skip


def test_the_public_names_are_these():
    assert sorted(interlock.__all__) == NAMES
    assert dir(interlock) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_loads_and_is_documented(name: str):
    assert getattr(interlock, name).__doc__


def test_any_other_name_is_refused():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        interlock.nothing  # noqa: B018


def test_the_errors_are_one_tree():
    assert issubclass(interlock.InputError, interlock.InterlockError)


DEPLOYMENT = """
    --model --chip --tensor-parallel-size --tp -tp --pipeline-parallel-size --pp -pp --expert-parallel-size --ep -ep
    --data-parallel-size --dp -dp --sequence-parallel --weight-format --activation-format --kv-cache-dtype --head-format
    --technique --batch --max-num-seqs --workload --prompt --input-len --output --output-len --images --routing-skew
    --price --host-memory --stack --json
"""
JUDGE = "--model --text --tokens --calibration-tokens --questions --context --harness --harness-limit --seed "
OPTIONS = {
    "plan": """
        --model --chips --workload --prompt --input-len --output --output-len --images --objective --ttft --tpot
        --slo --trace --requests --num-prompts --policy --shortlist
        --latency --power --rate --request-rate --max-chips --max-quality-loss --quality-basis --weight-formats
        --kv-cache-dtypes --price --price-basis --host-memory --routing-skew --stack --spill --no-spill --front
        --json --csv --html
    """,
    "estimate": DEPLOYMENT,
    "explain": DEPLOYMENT + "--csv --html",
    "offload": """
        --model --chip --node --method --device-memory --host-memory --link --disk --storage --disk-read --disk-write
        --processor --cpu-attention --weight-format --kv-cache-dtype --batch --max-num-seqs --gpu-batch-size --percent
        --prompt --input-len --output --output-len --json
    """,
    "chips": "--search --json",
    "nodes": "--search --json",
    "models": "--search --json",
    "formats": "--json",
    "techniques": "--search --json",
    "workloads": "--json",
    "lab quality": JUDGE + "--technique --bits --group-size --set --chip --json",
    "lab sweep": JUDGE + "--techniques --bits --group-sizes --chip --json --csv --html",
    "lab compare": JUDGE + "--only --shipped --json --toml",
    "lab quantize": """
        --technique --out --model --bits --group-size --set --text --calibration-tokens --context --seed --json
    """,
    "lab pretrain": "--out --text --name --steps --seed --work --save-every --json",
    "lab formats": "--tensor --rounding --seed --json --html",
    "simulate": """
        --model --chip --tensor-parallel-size --tp -tp --pipeline-parallel-size --pp -pp --replicas --data-parallel-size
        --dp -dp --prefill-replicas --weight-format --activation-format --kv-cache-dtype --max-num-seqs --max-model-len
        --kv-tokens
        --step-overhead --routing-skew --stack --price --trace --workload --prompt --input-len --output --output-len
        --requests --num-prompts --rate --request-rate --arrivals --cv --burst-cv --clients --n --best-of
        --max-concurrency --seed --policy
        --speculative-model --num-speculative-tokens --acceptance-rate --speculative-disable-by-batch-size
        --speculative-config --seeds --band --no-band --jobs --resume --compare --slo --find-capacity --attain --json
        --csv --html --chrome-trace --save-requests
        --faults --availability --autoscale --grace --start-up
    """,
    "trace list": "--json",
    "trace make": """
        --out -o --requests --rate --arrivals --cv --workload --prompt --output --clients --seed
    """,
    "trace describe": "--beside --json",
    "trace convert": "--out -o --format --rate",
    "policies": "--search --json",
    "systems": "--search --status --json",
    "systems run": "--all --json",
    "validate": "--data --sets --families --chips --by --leave-out --peers --replay --worst --json --csv --html",
    "measure": "--threads --budget --out --with --end-to-end --seed --rows --json",
    "calibrate": "--from --chip --tables --copies --out --seed --full --dry-run --json",
}


def commands(here: App, path: tuple[str, ...] = ()) -> Iterator[tuple[str, set[str]]]:
    """Every command with its options, as a user may type them."""
    for name in here:
        if name.startswith("-"):
            continue
        command = here[name]
        if command.default_command is not None:
            spelt = {name for argument in command.assemble_argument_collection() for name in argument.names}
            yield " ".join((*path, name)), {name for name in spelt if name.startswith("-")}
        yield from commands(command, (*path, name))


def test_the_commands_are_these():
    assert sorted(name for name, _ in commands(app)) == sorted(OPTIONS)


@pytest.mark.parametrize("command", OPTIONS)
def test_the_options_of_a_command_are_these(command: str):
    assert dict(commands(app))[command] == set(OPTIONS[command].split())


def test_names_that_errors_offer_to_list_have_a_command():
    from interlock.errors import _LISTED

    assert {f"{kind}s" for kind in _LISTED} <= set(OPTIONS)
