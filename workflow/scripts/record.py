"""How scripts write their tables, and the record beside them."""

from typing import Any


def write_record(snakemake: Any, specification: dict[str, Any], **more: Any) -> None:
    """Write beside the job's tables what made them, and whatever else there is to say about them."""
    from sparsetopo.analysis.tables.record import write_table_record

    tables = [path for path in snakemake.output if path.endswith(".csv")]
    write_table_record(snakemake.output.record, tables, specification, **more)


def write_analysis(
    snakemake: Any, specification: dict[str, Any], table: Any, networks: Any
) -> None:
    """Write the job's only table, labelled with the origin of the networks' accuracies, and its record."""
    from sparsetopo.analysis.tables.provenance import label_source
    from sparsetopo.analysis.tables.table import write_table

    write_table(snakemake.output.table, label_source(table, networks))
    write_record(snakemake, specification)
