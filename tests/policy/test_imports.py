"""Imports run one way, and what is heavy is not loaded by what does not need it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import interlock

SOURCE = Path(interlock.__file__).parent
ORDER = (
    "errors",
    "units files atomic",
    "evidence",
    "catalogue numerics",
    "operators",
    "models hardware workloads",
    "effects",
    "surgery",
    "techniques",
    "parallel",
    "cost",
    "measure",
    "inference training",
    "offloading",
    "serving",
    "search",
    "api",
    "validation",
    "lab",
    "report exhibits",
    "cli",
)  # the rooms of one line do not import each other
LEVEL = {room: level for level, rooms in enumerate(ORDER) for room in rooms.split()}
WITH_TORCH = {"surgery", "lab"}  # the rooms that need PyTorch; nothing else imports it outside a function
OUTSIDE = {"__init__", "__main__"}  # the first loads the public names lazily, the second is the command
HEAVY = ("torch", "transformers", "scipy", "polars", "vl_convert", "pandas", "matplotlib", "fastapi", "optuna", "pint")


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Rooms that a file imports, for types, too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if node.module == "interlock":
                found |= {alias.name for alias in node.names}
            elif node.module and node.module.startswith("interlock."):
                found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("interlock.")}
    return found & {*LEVEL, *OUTSIDE}


FILES = sorted(path for path in SOURCE.rglob("*.py") if room_of(path) not in OUTSIDE)


def test_every_room_has_its_place_in_the_order():
    assert {room_of(path) for path in FILES} <= set(LEVEL)


def test_no_room_imports_one_to_its_right():
    backwards = [
        f"{path.relative_to(SOURCE)} imports {other}"
        for path in FILES
        for other in sorted(imported(path) - {room_of(path)} - OUTSIDE)
        if LEVEL[other] >= LEVEL[room_of(path)]
    ]
    assert backwards == []


@pytest.mark.parametrize("package", HEAVY)
def test_no_module_outside_a_function_imports_heavy_packages(package: str):
    found = []
    for path in (path for path in FILES if room_of(path) not in WITH_TORCH):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [str(path) for name in names if name.split(".")[0] == package]
    assert found == []


def loaded_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    return set(run.stdout.split())


def test_importing_the_package_loads_nothing_of_weight():
    assert not loaded_after("import interlock") & {"numpy", "pydantic", "cyclopts", "rich", *HEAVY}


def test_importing_every_module_loads_nothing_that_is_optional():
    walk = (
        "import importlib, pkgutil, interlock\n"
        "for found in pkgutil.walk_packages(interlock.__path__, 'interlock.'):\n"
        f"    if found.name.split('.')[1] in {WITH_TORCH} or found.name.endswith('__main__'): continue\n"
        "    importlib.import_module(found.name)"
    )
    assert not loaded_after(walk) & set(HEAVY)


def test_planning_loads_nothing_that_is_optional():
    assert not loaded_after("import interlock; interlock.plan('llama-3.1-8b', chips=['h100-sxm'])") & set(HEAVY)
