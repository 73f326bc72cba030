"""How numbers and names are written in sentences."""

from collections.abc import Iterable

import numpy as np
import pandas as pd


def percent(value: float) -> str:
    """A share in percent.

    Examples
    --------
    >>> percent(0.4567)
    '45.7 %'
    """
    return f"{100 * value:.1f} %"


def short_number(value: float) -> str:
    """A number of two digits without the zero before its point; what lies below -1 says nothing more.

    Examples
    --------
    >>> [short_number(value) for value in (0.634, -0.05, -41789140.0, 1.0, -0.004, float("nan"))]
    ['.63', '-.05', 'below -1', '1.00', '.00', 'undefined']
    """
    if np.isnan(value):
        return "undefined"
    if value < -1:
        return "below -1"
    text = f"{round(value, 2) + 0.0:.2f}"  # no -0.00
    return text.replace("0.", ".", 1) if abs(value) < 0.995 else text


def with_interval(value: float, low: float, high: float) -> str:
    """A number and the interval it lies in.

    Examples
    --------
    >>> with_interval(0.63, 0.51, 0.72)
    '.63 (.51 to .72)'
    """
    return f"{short_number(value)} ({short_number(low)} to {short_number(high)})"


def span(values: pd.Series) -> str:
    """One number, or the smallest and the largest.

    Examples
    --------
    >>> span(pd.Series([0.5, 0.25])), span(pd.Series([0.5]))
    ('.25 to .50', '.50')
    """
    low, high = short_number(values.min()), short_number(values.max())
    return low if low == high else f"{low} to {high}"


def counted(number: int, name: str) -> str:
    """A number with the name of what is counted.

    Examples
    --------
    >>> counted(1, "edge"), counted(2, "edge")
    ('1 edge', '2 edges')
    """
    return f"{number:,} {name}" if number == 1 else f"{number:,} {name}s"


def with_article(name: str) -> str:
    """A name with "a" or "an".

    Examples
    --------
    >>> with_article("algorithm"), with_article("data set")
    ('an algorithm', 'a data set')
    """
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def listed(names: Iterable[str]) -> str:
    """Names in a row, "and" before the last.

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    first = list(names)
    last = first.pop()
    return f"{', '.join(first)} and {last}" if first else last
