"""The application: its commands, and how every fault becomes one line and exit code 2."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from cyclopts import App, CycloptsError, Parameter, UnusedCliTokensError

import interlock
from interlock.cli import (
    calibrate,
    chips,
    estimate,
    explain,
    lab,
    measure,
    models,
    nodes,
    offload,
    plan,
    policies,
    simulate,
    systems,
    trace,
    validate,
    vocabulary,
)
from interlock.errors import InterlockError

app = App(
    name="interlock",
    help=interlock.__doc__.split("\n")[0],
    version=interlock.__version__,
    default_parameter=Parameter(show_default=lambda value: None if value in (None, False, "") else str(value)),
)
app.command(plan.plan)
app.command(estimate.estimate)
app.command(explain.explain)
app.command(offload.offload)
app.command(chips.chips)
app.command(nodes.nodes)
app.command(models.models)
app.command(vocabulary.formats)
app.command(vocabulary.techniques)
app.command(vocabulary.workloads)
app.command(simulate.simulate)
app.command(trace.app)
app.command(policies.policies)
app.command(systems.app)
app.command(validate.validate)
app.command(calibrate.calibrate)
app.command(measure.measure)
app.command(lab.lab)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; errors that a user can mend end in one line on standard error and exit code 2."""
    if isinstance(
        sys.stdout, io.TextIOWrapper
    ):  # a name that the terminal's encoding cannot write is no reason to stop
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        try:
            app(list(sys.argv[1:] if arguments is None else arguments), exit_on_error=False, print_error=False)
        finally:
            sys.stdout.flush()
    except UnusedCliTokensError as error:
        _fail(f"argument: found {' '.join(map(repr, error.unused_tokens or []))}; accepted: flags, and no more names")
    except (CycloptsError, InterlockError) as error:
        _fail(str(error))
    except OSError as error:  # nobody reads our output any more (`| head`), or the disk that it goes to is full
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise SystemExit(141) from None  # as a shell reports it
        _fail(f"{error.filename or 'output'}: found {error.strerror or error}; accepted: what can be read or written")
    except KeyboardInterrupt:
        print("interlock: stopped", file=sys.stderr)
        raise SystemExit(130) from None


def _fail(message: str) -> NoReturn:
    """One line, whatever the names that it quotes hold."""
    line = " ".join(message.split())
    print(f"interlock: {''.join(c if c.isprintable() else ascii(c)[1:-1] for c in line)}", file=sys.stderr)
    raise SystemExit(2)
