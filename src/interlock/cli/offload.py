"""`interlock offload`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import Parameter

from interlock.api import offload as run
from interlock.cli.flags import Switch, Whole, listed
from interlock.cli.show import heading, pairs, print_json, table
from interlock.cli.words import count, formats, seconds
from interlock.errors import InputError, shown
from interlock.offloading import Offloaded
from interlock.offloading.machine import TIERS
from interlock.report.offload_record import offload_record
from interlock.units import show


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class OffloadFlags:
    """A model that does not fit, and what lies behind the device."""

    model: str
    """A shipped name (`interlock models`), a config.json, or a folder that holds one."""
    chip: Annotated[str, Parameter(alias="--node")]
    """A chip (`interlock chips`), a node with its host (`interlock nodes`), or a TOML file of either."""
    method: str = "flexgen"
    """flexgen (searched), zero-inference (weights stream past one batch) or accelerate (the same without overlap)."""
    device_memory: str | None = None
    """Memory that may be used on the device; what the chip has if absent."""
    host_memory: str | None = None
    """Memory of the host, such as 208GB."""
    link: str | None = None
    """Rate between host and device, one direction, such as 12GB/s."""
    disk: Annotated[str | None, Parameter(alias="--storage")] = None
    """Storage, such as 1.5TB."""
    disk_read: str | None = None
    """Rate at which storage is read, such as 2GB/s."""
    disk_write: str | None = None
    """Rate at which storage is written."""
    processor: str | None = None
    """The host's processor, by its name among the chips, to attend to caches outside the device."""
    cpu_attention: str = "auto"
    """Whether the processor attends to caches outside the device: auto, on or off."""
    weight_format: str | None = None
    """In which weights are kept and moved, such as int4-g64; as the checkpoint if absent."""
    kv_cache_dtype: str | None = None
    """In which caches are kept and moved; 16 bits if absent."""
    batch: Annotated[Whole | None, Parameter(alias="--max-num-seqs")] = None
    """Sequences that run together, the effective batch; searched if absent."""
    gpu_batch_size: Whole | None = None
    """Sequences on the device at once; searched if absent."""
    percent: str | None = None
    """A placement to price instead of the best: wg,wc,cg,cc,hg,hc of 100, as FlexGen's; the rest is on storage."""
    prompt: Annotated[float, Parameter(alias="--input-len")] = 512.0
    """Tokens in."""
    output: Annotated[float, Parameter(alias="--output-len")] = 32.0
    """Tokens out."""


def offload(flags: OffloadFlags, *, json: Switch = False) -> None:
    """Run a model that does not fit over host memory and storage: the best placement and schedule, and its pace.

    Parameters
    ----------
    json
        Print a record instead of text.
    """
    found = run(flags.model, flags.chip, **_options(flags))
    print_json(offload_record(found)) if json else _text(found)
    if found.missing:
        raise SystemExit(1)


def _options(flags: OffloadFlags) -> dict[str, Any]:
    ways = {"auto": None, "on": True, "off": False}
    if flags.cpu_attention not in ways:
        raise InputError("--cpu-attention", shown(flags.cpu_attention), "auto, on or off")
    same = ("method", "weight_format", "kv_cache_dtype", "prompt", "output", "batch", "gpu_batch_size", "processor")
    return {
        **{name: getattr(flags, name) for name in same},
        "cpu_attention": ways[flags.cpu_attention],
        "percent": _percent(flags.percent),
        "device_bytes": flags.device_memory,
        "host_bytes": flags.host_memory,
        "storage_bytes": flags.disk,
        "to_device": flags.link,
        "storage_read": flags.disk_read,
        "storage_write": flags.disk_write,
    }


def _percent(text: str | None) -> list[float] | None:
    try:
        items = listed(text, "--percent")
        return None if items is None else [float(item) for item in items]
    except ValueError:
        raise InputError("--percent", shown(text), "six numbers separated by commas") from None


def _text(found: Offloaded) -> None:
    heading(f"{found.model.name} on {found.machine.name}: {found.prompt:g} tokens in, {found.output:g} out")
    if found.missing:
        pairs([("problem", text) for text in found.problems])
        return
    where = "on the processor" if found.host_attention else "on the device"
    pairs([
        ("formats", f"{formats(found.kept)} (weights/activations/KV), kept and moved"),
        ("block", f"{found.batches} x {found.batch} = {found.sequences} sequences; attention to the cache {where}"),
        ("throughput", f"{count(found.tokens_per_s)} tokens/s, prefill included"),
        ("first token", f"{seconds(_slowest(found.prefill_s))}, bound by {found.bound('prefill')}"),
        ("each step", f"{seconds(_slowest(found.decode_s))}, bound by {found.bound('decode')}"),
        ("whole block", seconds(found.seconds)),
    ])  # fmt: skip
    assert found.shares is not None
    heading("where tensors lie")
    columns = [("tier", "left"), ("weights", "right"), ("cache", "right"), ("activations", "right"), ("used", "right"),
               ("of", "right")]  # fmt: skip
    used = found.used
    rows = [
        (tier, *(f"{100 * each:.0f} %" for each in found.shares[place::3]), show(used[tier], "B"), show(room, "B"))
        for place, (tier, room) in enumerate(zip(TIERS, found.machine.capacities, strict=True))
    ]
    table(columns, rows, indent=2)
    heading("streams")
    table(
        [("stream", "left"), ("prefill", "right"), ("a step", "right")],
        [(name, seconds(found.prefill_s[name]), seconds(found.decode_s[name])) for name in found.prefill_s],
        indent=2,
    )


def _slowest(streams: dict[str, float]) -> float:
    return max(streams.values())
