"""Walking a decoder block by block with calibration data, so that memory holds one block's activations only.

idea:  linear layers that read the same tensor are one group. `observe` shows each block's groups what the unchanged
       model feeds them; `rebuild` changes group after group in the order of the forward pass, each seeing what the
       already changed part of the model feeds it (the sequential calibration of Frantar et al. 2022, GPTQ, section 4).
keeps: embeddings and everything before the blocks run once; only hidden states of the calibration tokens are kept from
       block to block. When the tokens fit one chunk, `rebuild` needs a single forward pass: the change happens inside
       it. Otherwise it runs a block once a group, up to where the group's input is known. Both ways see the same
       inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn

from interlock.surgery.calibration import Calibration
from interlock.surgery.decoder import Block, blocks, body, linears_of, replace
from interlock.surgery.kv_cache import installed
from interlock.surgery.linear import checked
from interlock.surgery.statistics import InputStatistics

CHUNK_TOKENS: Final = 16384
PROBED: Final = 8  # tokens that find out which layers read the same tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Linear layers of one block that read the same tensor."""

    block: Block
    linears: Mapping[str, nn.Module]


class _Known(Exception):  # noqa: N818 a signal, not a fault
    """The input that a pass was made for has been seen."""


class _Probe(nn.Module):
    """Stands in for a linear layer and reports what goes in; the report may put another layer inside."""

    stands_for_linear = True

    def __init__(self, inner: nn.Module, report: Callable[[Tensor], None]) -> None:
        super().__init__()
        self.inner, self.report = inner, report

    def __getattr__(self, name: str) -> Any:
        if name in ("weight", "bias", "in_features", "out_features"):
            return getattr(self.inner, name)
        return super().__getattr__(name)

    def forward(self, x: Tensor) -> Tensor:
        self.report(x)
        result: Tensor = self.inner(x)
        return result


@dataclass(slots=True)
class _Call:
    """Hidden states of a chunk, and what each block gets beside them."""

    hidden: Tensor
    beside: list[tuple[tuple[Any, ...], dict[str, Any]]]

    def run(self, block: Block) -> Tensor:
        args, kwargs = self.beside[block.index]
        result = block.module(self.hidden, *args, **kwargs)
        hidden: Tensor = result[0] if isinstance(result, tuple) else result
        return hidden


Change = Callable[[Group, InputStatistics], Mapping[str, nn.Module]]


@torch.no_grad()
def observe(
    model: nn.Module,
    calibration: Calibration,
    visit: Callable[[list[tuple[Group, InputStatistics]]], None],
    *,
    moments: bool = True,
    chunk_tokens: int = CHUNK_TOKENS,
) -> None:
    """Show every block what its groups read in the unchanged model; `visit` may then change the block as it likes."""
    every, groups, calls = _prepare(model, calibration, chunk_tokens)
    for block in every:
        known = [(group, _statistics(group, moments)) for group in groups[block.index]]
        probes = {next(iter(group.linears)): _adding(statistics) for group, statistics in known}
        with _probing(model, block, probes):
            for call in calls:
                call.hidden = call.run(block)
        visit(known)


@torch.no_grad()
def rebuild(
    model: nn.Module,
    calibration: Calibration,
    change: Change,
    *,
    moments: bool = True,
    chunk_tokens: int = CHUNK_TOKENS,
) -> None:
    """Put what `change` makes of each group in its place, in the order of the forward pass."""
    every, groups, calls = _prepare(model, calibration, chunk_tokens)
    for block in every:
        if len(calls) == 1:
            _change_in_flight(model, block, groups[block.index], calls[0], change, moments)
            continue
        for group in groups[block.index]:
            statistics = _statistics(group, moments)
            with _probing(model, block, {next(iter(group.linears)): _adding(statistics, stop=True)}):
                for call in calls:
                    try:
                        call.run(block)
                    except _Known:
                        continue
            for name, made in change(group, statistics).items():
                replace(model, name, made)
        for call in calls:
            call.hidden = call.run(block)


def _change_in_flight(
    model: nn.Module, block: Block, groups: list[Group], call: _Call, change: Change, moments: bool
) -> None:
    """Change every group at the moment its input is there, in one forward pass of the block."""
    made: dict[str, nn.Module] = {}
    probes: dict[str, _Probe] = {}

    def changing(group: Group) -> Callable[[Tensor], None]:
        def report(x: Tensor) -> None:
            statistics = _statistics(group, moments)
            statistics.add(x)
            for name, module in change(group, statistics).items():
                made[name] = probes[name].inner = module

        return report

    for group in groups:
        for place, (name, linear) in enumerate(group.linears.items()):
            probes[name] = _Probe(linear, _silent if place else changing(group))
    try:
        for name, probe in probes.items():
            replace(model, name, probe)
        call.hidden = call.run(block)
    finally:
        for name, probe in probes.items():
            replace(model, name, made.get(name, probe.inner))


def _silent(x: Tensor) -> None:
    """Report nothing."""


def _statistics(group: Group, moments: bool) -> InputStatistics:
    first: Any = next(iter(group.linears.values()))
    return InputStatistics(int(first.in_features), moments=moments)


def _adding(statistics: InputStatistics, *, stop: bool = False) -> Callable[[Tensor], None]:
    def report(x: Tensor) -> None:
        statistics.add(x)
        if stop:
            raise _Known

    return report


class _probing:  # noqa: N801 used as a function
    """Puts probes in the place of linear layers, for a while."""

    def __init__(self, model: nn.Module, block: Block, reports: Mapping[str, Callable[[Tensor], None]]) -> None:
        self.model = model
        layers = linears_of(block)
        self.probes = {name: _Probe(layers[name], report) for name, report in reports.items()}

    def __enter__(self) -> None:
        for name, probe in self.probes.items():
            replace(self.model, name, probe)

    def __exit__(self, *fault: object) -> None:
        for name, probe in self.probes.items():
            replace(self.model, name, probe.inner)


def _prepare(
    model: nn.Module, calibration: Calibration, chunk_tokens: int
) -> tuple[list[Block], list[list[Group]], list[_Call]]:
    calibration.fits(model)
    model.eval()
    every = blocks(model)
    for block in every:
        checked(linears_of(block))
    few = calibration.tokens[:1, :PROBED]
    rule = installed(model)
    if rule is not None:  # blocks run alone and again, which a cache would take for more tokens
        rule.paused = True
    try:
        groups, tuples = _groups(model, every, few)
        parts = torch.split(calibration.tokens, max(1, chunk_tokens // calibration.tokens.shape[1]))
        calls = [_capture(model, every, part, tuples) for part in parts]
    finally:
        if rule is not None:
            rule.paused = False
    return every, groups, calls


def _groups(model: nn.Module, every: list[Block], tokens: Tensor) -> tuple[list[list[Group]], bool]:
    """Groups of every block, in the order in which they are read, and whether blocks return tuples."""
    read: list[tuple[int, str, Tensor]] = []
    hooks, returned = [], []
    for block in every:
        for name, layer in linears_of(block).items():

            def note(_: nn.Module, args: tuple[Tensor, ...], index: int = block.index, name: str = name) -> None:
                read.append((index, name, args[0]))

            hooks.append(layer.register_forward_pre_hook(note))
    hooks.append(every[0].module.register_forward_hook(lambda _, __, out: returned.append(isinstance(out, tuple))))
    try:
        body(model)(tokens, use_cache=False)
    finally:
        for hook in hooks:
            hook.remove()
    found: list[list[Group]] = [[] for _ in every]
    for index, names in _by_tensor(read):
        layers = linears_of(every[index])
        found[index].append(Group(block=every[index], linears={name: layers[name] for name in names}))
    return found, returned[0]


def _by_tensor(read: list[tuple[int, str, Tensor]]) -> Iterator[tuple[int, list[str]]]:
    """Block and names of layers that read the very same tensor."""
    together: dict[int, tuple[int, list[str]]] = {}
    for index, name, tensor in read:  # tensors stay alive in `read`, so identities do not repeat
        together.setdefault(id(tensor), (index, []))[1].append(name)
    yield from together.values()


def _capture(model: nn.Module, every: list[Block], tokens: Tensor, tuples: bool) -> _Call:
    """What the first block gets, and what each block gets beside its hidden states; no block runs."""
    first: list[Tensor] = []
    beside: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def passing(hidden: Tensor, *args: Any, **kwargs: Any) -> Any:
        first.append(hidden)
        beside.append((args, kwargs))
        return (hidden,) if tuples else hidden

    kept = [block.module.forward for block in every]
    try:
        for block in every:
            block.module.forward = passing
        body(model)(tokens, use_cache=False)
    finally:
        for block, forward in zip(every, kept, strict=True):
            if "forward" in vars(block.module):
                del block.module.__dict__["forward"]
            assert block.module.forward == forward
    return _Call(first[0], beside)
