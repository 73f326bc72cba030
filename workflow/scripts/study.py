"""What several analyses read: the collected tables, joined as they need them."""


def read_networks(files):
    """The table of networks, checked: what would make an analysis wrong is refused, what makes it smaller is logged."""
    import logging

    from sparsetopo.analysis.tables.metrics import study_metrics
    from sparsetopo.analysis.tables.table import check_table, read_table

    networks = read_table(files.networks)
    checked = check_table(networks, list(study_metrics(networks.columns)))
    for note in checked.notes:
        logging.info("%s", note)
    return checked.table


def read_feature_sets(files):
    """The table of networks, and every set of features that it and the table of layers (if any) allow."""
    from sparsetopo.analysis.tables.feature_sets import feature_sets
    from sparsetopo.analysis.tables.metrics import study_metrics
    from sparsetopo.analysis.tables.table import read_table

    networks = read_networks(files)
    layers = read_table(files.layers[0]) if getattr(files, "layers", None) else None
    return networks, feature_sets(networks, layers, study_metrics(networks.columns))


def read_ranked(files):
    """The table of networks, with layer density and Ramanujan metrics where layers were measured."""
    from sparsetopo.analysis.tables.layer_features import ramanujan_means
    from sparsetopo.analysis.tables.table import CELL, read_table

    networks = read_networks(files)
    if not getattr(files, "layers", None):
        return networks
    return networks.merge(ramanujan_means(read_table(files.layers[0])), how="left", on=list(CELL))
