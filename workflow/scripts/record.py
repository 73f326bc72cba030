"""What scripts that make tables write beside them."""

from typing import Any


def write_record(snakemake: Any, specification: dict[str, Any], **more: Any) -> None:
    """Write what made the job's tables beside them, and what else there is to say of them."""
    from sparsetopo.analysis.tables.record import write_table_record

    tables = [path for path in snakemake.output if path.endswith(".csv")]
    write_table_record(snakemake.output.record, tables, specification, **more)
