"""What a page carries in itself, compressed: its data, its figures, and the script that draws charts.

Snakemake's report shows a page as a data URI, and Chromium opens none of more than 2 MB in a frame: with base64 around
it a page may have 1.5 MB. The script alone, Vega with Vega-Lite, has 0.9 MB, and 0.4 MB when packed.
"""

import base64
import gzip
import json
from typing import Any

LARGEST_FRAMED = 1_500_000
"""Bytes of a page that Chromium still opens as a data URI in a frame."""


def pack(text: str) -> str:
    """Compress a text by gzip into base64, which the page's script unpacks; equal texts give equal results.

    Examples
    --------
    >>> gzip.decompress(base64.b64decode(pack("a < b"))).decode()
    'a < b'
    """
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode("ascii")


def pack_json(value: Any) -> str:
    """Pack a value as JSON; NaN has no place in it and is a ValueError."""
    return pack(json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=False))


def vega_script() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script without any import, which defines ``window.vegaEmbed``."""
    import vl_convert

    script: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return script
