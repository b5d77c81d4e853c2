"""One HTML file that needs no network: style, script, the Vega runtime and the charts' data are all inside.

keeps: every text is escaped; a policy in the page forbids it to fetch anything, from anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Final

import interlock
from interlock.errors import MissingExtraError

_FOLDER: Final = Path(__file__).parent
_FIT: Final = {"width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:"


_NOTE: Final = "Figures are predictions; the weakest evidence that they stand on is named beside them."


def document(title: str, body: str, charts: Mapping[str, Mapping[str, Any]], note: str = _NOTE) -> str:
    """A whole page.

    Args:
        title: plain text.
        body: HTML that is already escaped, with an element for each chart, whose id is the chart's name.
        charts: Vega-Lite dictionaries by name.
        note: plain text for the foot of the page: what its figures are.

    Raises:
        MissingExtraError: the Vega runtime is not installed.
    """
    fitted = {name: {**spec, **_FIT} for name, spec in charts.items()}
    style, script = (_FOLDER / "page.css").read_text("utf-8"), (_FOLDER / "page.js").read_text("utf-8")
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Interlock {escape(interlock.__version__)}">
<title>{escape(title)}</title>
<style>{style}</style>
</head>
<body>
{body}
<footer>Made by Interlock {escape(interlock.__version__)}. {escape(note)}</footer>
<script type="application/json" id="charts">{script_json(fitted)}</script>
<script>{_runtime()}</script>
<script>{script}</script>
</body>
</html>
"""


def script_json(value: object) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def _runtime() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script that leaves only `window.vegaEmbed` behind."""
    try:
        import vl_convert
    except ImportError:
        raise MissingExtraError("an HTML page", "html") from None
    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return "(() => {" + bundle.replace("</script", "<\\/script").replace("<!--", "<\\!--") + "\n})();"
