"""`interlock policies`."""

from __future__ import annotations

from interlock.cli.flags import Switch
from interlock.cli.show import line, matching, print_json, table
from interlock.serving.registry import decision, names


def policies(*, search: str = "", json: Switch = False) -> None:
    """List serving policies by family; join names with "+" for --policy.

    Parameters
    ----------
    search
        Only those whose name, family or title contains this.
    json
        Print records instead of text.
    """
    found = [(name, decision(name)) for name in names()]
    found = [(name, item) for name, item in found if matching(search, name, item.family, item.title)]
    if json:
        print_json([{"name": n, "family": i.family, "title": i.title, "paper": i.paper} for n, i in found])
        return
    table([("policy", "left"), ("family", "left"), ("what", "wrap")], [(n, i.family, i.title) for n, i in found])
    line("\nParameters follow a colon: sarathi-serve:token_budget=1024")
