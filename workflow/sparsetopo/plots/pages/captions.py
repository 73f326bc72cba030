"""The captions of tables and figures, as plain text.

They are the reStructuredText templates that Snakemake's own report renders; what they say depends on the kind of study.
The study's page shows the same sentences.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jinja2 import Environment, StrictUndefined, TemplateError

from sparsetopo.errors import FileFormatError


def read_captions(
    paths: Iterable[str | os.PathLike[str]], configuration: Mapping[str, Any]
) -> dict[str, str]:
    """Render caption files, which are Jinja templates, as {file name without suffix: one line of text}.

    As ``snakemake.config`` they read the keys "study", "accuracies", "topometrics" (with "weights") and "published".
    """
    environment = Environment(undefined=StrictUndefined, autoescape=False)
    snakemake = SimpleNamespace(config=dict(configuration))
    captions = {}
    for path in map(Path, paths):
        try:
            text = environment.from_string(path.read_text(encoding="utf-8"))
            words = text.render(snakemake=snakemake).split()
        except (OSError, UnicodeDecodeError, TemplateError) as error:
            raise FileFormatError(f"{path}: not a readable caption ({error}).") from error
        captions[path.stem] = " ".join(words).replace("``", "")
    return captions
