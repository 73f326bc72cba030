"""What several analyses share: the collected tables, joined as needed, and the cross-validation's settings."""


def read_networks(files):
    """Read and check the table of networks: refuse what would make an analysis wrong, log what makes it smaller."""
    import logging

    from sparsetopo.analysis.tables.metrics import study_metrics
    from sparsetopo.analysis.tables.table import check_table, read_table

    networks = read_table(files.networks)
    checked = check_table(networks, list(study_metrics(networks.columns)))
    for note in checked.notes:
        logging.info("%s", note)
    return checked.table


def read_feature_sets(files):
    """Read the table of networks, and every set of features that it and the table of layers (if any) allow."""
    from sparsetopo.analysis.tables.feature_sets import feature_sets
    from sparsetopo.analysis.tables.metrics import study_metrics
    from sparsetopo.analysis.tables.table import read_table

    networks = read_networks(files)
    layers = read_table(files.layers[0]) if getattr(files, "layers", None) else None
    return networks, feature_sets(networks, layers, study_metrics(networks.columns))


def read_ranked(files):
    """Read the table of networks, with layer density and Ramanujan metrics where layers were measured."""
    from sparsetopo.analysis.tables.layer_features import ramanujan_means
    from sparsetopo.analysis.tables.table import CELL, read_table

    networks = read_networks(files)
    if not getattr(files, "layers", None):
        return networks
    return networks.merge(ramanujan_means(read_table(files.layers[0])), how="left", on=list(CELL))


def cross_validation(snakemake, specification):
    """Return the settings of a job's cross-validation."""
    import logging

    from sparsetopo.analysis.regression.settings import CrossValidation

    return CrossValidation(
        folds=specification["folds"],
        seed=specification["seed"],
        workers=snakemake.threads,  # results do not depend on it
        progress=lambda done, total: logging.info("%d of %d scores", done, total),
    )
