"""What several analyses read: the collected tables, joined as they need them."""


def read_feature_sets(files):
    """The table of networks, and every set of features that it and the table of layers (if any) allow."""
    from sparsetopo.analysis.feature_sets import feature_sets
    from sparsetopo.analysis.metrics import study_metrics
    from sparsetopo.analysis.tables import read_table

    networks = read_table(files.networks)
    layers = read_table(files.layers[0]) if getattr(files, "layers", None) else None
    return networks, feature_sets(networks, layers, study_metrics(networks.columns))


def read_ranked(files):
    """The table of networks, with layer density and Ramanujan metrics where layers were measured."""
    from sparsetopo.analysis.layer_features import ramanujan_means
    from sparsetopo.analysis.tables import CELL, read_table

    networks = read_table(files.networks)
    if not getattr(files, "layers", None):
        return networks
    return networks.merge(ramanujan_means(read_table(files.layers[0])), how="left", on=list(CELL))
