"""`interlock lab formats`: what it tells, from which tensors, and what it refuses."""

import numpy as np
import pytest

from interlock.numerics import codec, codec_names, number_format

from .conftest import invoke


def told(*arguments: str) -> list[dict]:
    return invoke("lab", "formats", *arguments, "--json").json


def refused(*arguments: str) -> str:
    result = invoke("lab", "formats", *arguments)
    assert result.code == 2
    return result.err


def test_figures_are_those_of_the_codec(tmp_path):
    x = np.random.default_rng(0).standard_normal((64, 256)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    one, two = told("mxfp4", "int4-g128", "--tensor", str(tmp_path / "x.npy"))
    error = codec("mxfp4").quantize(x) - x
    assert one["relative_error"] == pytest.approx(float(np.sqrt((error**2).sum() / (x**2).sum())), rel=1e-5)
    assert one["signal_to_noise_db"] == pytest.approx(-20 * np.log10(one["relative_error"]))
    assert (one["numbers"], one["smallest"], one["largest"], one["group"]) == (15, 0.5, 6, 32)
    assert two["bits"] == two["planned_bits"] == number_format("int4-g128").bits


def test_a_tensor_of_a_safetensors_file_is_read(tmp_path):
    torch, safetensors = pytest.importorskip("torch"), pytest.importorskip("safetensors.torch")
    x = torch.randn(32, 64, generator=torch.Generator().manual_seed(0))
    for kind in (torch.float32, torch.bfloat16, torch.float16):
        safetensors.save_file({"a": torch.zeros(3), "w": x.to(kind)}, tmp_path / "m.safetensors")
        found = told("int8", "--tensor", f"{tmp_path / 'm.safetensors'}:w")[0]
        y = x.to(kind).float().numpy()
        assert found["largest_error"] == pytest.approx(float(np.abs(codec("int8").quantize(y) - y).max()))


def test_without_names_all_formats_are_shown():
    shown = invoke("lab", "formats", "--tensor", "student").out
    assert "student: 1024 × 1024" in " ".join(shown.split())
    assert len(codec_names()) > 40
    assert all(name[:8] in shown for name in codec_names())


def test_rounding_by_lot_takes_a_seed():
    first, second, again = (
        told("fp8-e4m3", "--rounding", "stochastic", "--seed", seed)[0]["relative_error"] for seed in "121"
    )
    nearest = told("fp8-e4m3", "--seed", "1")[0]["relative_error"]
    assert first == again != second
    assert first > 1.2 * nearest


def test_a_page_is_written(tmp_path):
    pytest.importorskip("vl_convert")
    page = tmp_path / "formats.html"
    assert invoke("lab", "formats", "mxfp4", "nf4", "bf16", "--html", str(page)).code == 0
    text = page.read_text(encoding="utf-8")
    assert "mxfp4" in text
    assert "Errors were computed" in text
    assert "Figures are predictions" not in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mxfp5",), "did you mean mxfp"),
        (("int4-g0",), "a group of 1 to 65536"),
        (("mxfp4", "--rounding", "up"), "nearest, stochastic, zero, down"),
        (("ant4", "--rounding", "down"), "ant4 with rounding"),
        (("mxfp4", "--seed", "-1"), "0 or more"),
        (("mxfp4", "--tensor", "norml"), "did you mean normal"),
        (("mxfp4", "--tensor", "absent.npy"), "absent.npy"),
        (("mxfp4", "--tensor", "absent.safetensors"), "behind a colon"),
        (("mxfp4", "--tensor", "absent.safetensors:w"), "absent.safetensors"),
        (("bf16+3:2",), "0 < N <= M"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(arguments: tuple[str, ...], said: str):
    error = refused(*arguments)
    assert said in error
    assert error.count("\n") == 1


def test_files_that_are_none_are_refused(tmp_path):
    cut = tmp_path / "cut.safetensors"
    header = b'{"w":{"dtype":"F32","shape":[64,64],"data_offsets":[0,16384]}}'
    cut.write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 100)
    assert "fewer bytes than w takes" in refused("int8", "--tensor", f"{cut}:w")
    assert "accepted" in refused("int8", "--tensor", f"{cut}:v")
    cut.write_bytes(b"junk")
    assert "safetensors file" in refused("int8", "--tensor", f"{cut}:w")
    np.save(tmp_path / "text.npy", np.array(["a"]))
    assert "floats or integers" in refused("int8", "--tensor", str(tmp_path / "text.npy"))
    (tmp_path / "junk.npy").write_bytes(b"junk")
    assert "a .npy file" in refused("int8", "--tensor", str(tmp_path / "junk.npy"))
    np.save(tmp_path / "nan.npy", np.array([1.0, np.nan]))
    assert "1 NaN or infinite" in refused("int8", "--tensor", str(tmp_path / "nan.npy"))
    np.save(tmp_path / "odd.npy", np.ones((2, 6)))
    assert "whole groups of 4" in refused("bf16+2:4", "--tensor", str(tmp_path / "odd.npy"))
