"""The kinds of values that a configuration holds, each checked in one place."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from sparsetopo.config.architectures import architecture_name
from sparsetopo.metrics.registry import METRIC_SETS, NETWORK_METRICS
from sparsetopo.registry import look_up


def canonical_sparsity(value: Any) -> str:
    """Spell a sparsity the one way used in paths and tables: "0.9" for 0.9, "0.90" and ".9".

    Anything but a number strictly between 0 and 1 raises a `ValueError`, as pydantic wants it.
    """
    try:
        if isinstance(value, bool):
            raise InvalidOperation
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError("must be a number between 0 and 1, both excluded") from None
    if not number.is_finite() or not 0 < number < 1:
        raise ValueError("must be between 0 and 1, both excluded")
    spelt = format(number.normalize(), "f") if number > Decimal("1e-20") else ""
    if not 0 < len(spelt) <= 20:
        raise ValueError(
            "must have at most 18 digits behind the point, since it is a part of paths"
        )
    return spelt


def _known(registry: Any, kind: str) -> AfterValidator:
    def check(name: str) -> str:
        try:
            look_up(registry, name, kind)
        except Exception as error:
            raise ValueError(str(error)) from None
        return name

    return AfterValidator(check)


def _distinct(values: list[Any]) -> list[Any]:
    repeated = sorted({str(value) for value in values if values.count(value) > 1})
    if repeated:
        raise ValueError(f"holds {', '.join(repeated)} more than once; list each value once")
    return values


def _names_of_set(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value not in METRIC_SETS:
        raise ValueError(
            f"must be {' or '.join(METRIC_SETS)}, or a list of topometrics; a single one is given as [{value}]"
        )
    return sorted(METRIC_SETS[value])


def _whole_number(value: Any) -> int:
    # Snakemake's command line gives every value as text.
    if isinstance(value, bool) or not str(value).isdecimal():
        raise ValueError("must be a whole number of at least 0")
    return int(value)


def _no_truth_value(value: Any) -> Any:
    # Python takes true for 1.
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


NO_TRUTH_VALUE = BeforeValidator(_no_truth_value)
Whole = Annotated[int, NO_TRUTH_VALUE]
Counted = Annotated[int, Field(ge=1), NO_TRUTH_VALUE]
Number = Annotated[float, NO_TRUTH_VALUE]
Sparsity = Annotated[
    str,
    BeforeValidator(canonical_sparsity, json_schema_input_type=str | float),
]
# Part of paths and of Snakemake's wildcards. Whether such a name is known depends on the rest of the configuration
# (`variants`), so `load` checks it.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
# As it stands in paths; `torchvision:resnet18` is read as `torchvision.resnet18`.
ArchitectureName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*(:[A-Za-z_][A-Za-z0-9_]*)?$", max_length=100),
    BeforeValidator(architecture_name, json_schema_input_type=str),
]
MetricName = Annotated[str, _known(NETWORK_METRICS, "topometric")]
Seed = Annotated[
    int, BeforeValidator(_whole_number, json_schema_input_type=int), Field(ge=0, lt=2**32)
]
DISTINCT = AfterValidator(_distinct)
# A word is kept as the names that it stands for, so that what is measured does not depend on how it was asked for.
MetricNames = Annotated[
    list[MetricName],
    DISTINCT,
    BeforeValidator(_names_of_set, json_schema_input_type=Literal[tuple(METRIC_SETS)] | list[str]),
]
ONE_OR_MORE = BeforeValidator(lambda value: [value] if isinstance(value, str) else value)
