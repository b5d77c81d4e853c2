"""The command line as a process of its own: its exit, its pipes, its start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import interlock

COMMAND = (sys.executable, "-m", "interlock")
FULL = Path("/dev/full")
PLAN = ("plan", "--model", "llama-3.1-8b", "--chips", "h100-sxm")


def process(*arguments, **options):
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False, **options)


def test_version():
    result = process("--version")
    assert (result.returncode, result.stdout, result.stderr) == (0, f"{interlock.__version__}\n", "")


def test_output_and_errors_go_their_own_ways():
    result = process(*PLAN, "--json")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == process(*PLAN, "--json").stdout
    result = process(*PLAN, "--ttft", "soon")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("interlock: --ttft: found 'soon'")
    assert result.stderr.count("\n") == 1


def test_a_reader_that_leaves_early_sees_no_traceback():
    for arguments in (PLAN, ("models", "--json")):
        with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            assert writer.stderr is not None
            writer.stdout.close()
            assert writer.stderr.read() == b""
            assert writer.wait(timeout=60) == 141


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
def test_a_full_disk_is_one_line():
    with FULL.open("w") as full:
        result = subprocess.run([*COMMAND, "formats"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert result.returncode == 2
    assert result.stderr.startswith("interlock: output: found No space left on device")
    assert result.stderr.count("\n") == 1


def test_a_terminal_that_knows_ascii_only_gets_every_figure():
    result = process("explain", "--model", "gpt2", "--chip", "l4", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (result.returncode, result.stderr) == (0, "")
    assert "\\xb5s" in result.stdout


def cpu_seconds(code):
    """CPU time of a Python process that runs this, the least of three: other work on the machine only adds."""
    script = f"import time; begun = time.process_time(); {code}; print(time.process_time() - begun)"
    times = [subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True) for _ in "123"]
    return min(float(each.stdout) for each in times)


def test_importing_the_package_costs_next_to_nothing_and_loads_no_numpy():
    assert cpu_seconds("import interlock") < 0.4
    loaded = "import sys, interlock; assert not {'numpy', 'pydantic', 'rich', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", loaded], check=True)


def test_the_command_line_loads_no_pytorch():
    loaded = "import sys, interlock.cli; assert not {'torch', 'transformers', 'vl_convert'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", loaded], check=True)
