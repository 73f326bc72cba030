"""Slow reference of the Ramanujan metrics: networkx graphs and full spectra of adjacency matrices."""

import math

import networkx as nx
import numpy as np


def mean(values):
    return sum(values) / len(values) if values else None


def third_gap(graph, weight):
    """(first, third) largest magnitude of the eigenvalues of the adjacency matrix."""
    matrix = nx.to_numpy_array(graph, weight=weight, dtype=np.float64)
    magnitudes = sorted(np.abs(np.linalg.eigvalsh(matrix)), reverse=True)
    return magnitudes[0], magnitudes[2]


def without_isolated(graph):
    return graph.subgraph([node for node, degree in graph.degree() if degree])


def mean_degrees(graph, left):
    """Mean degrees of the left and the right nodes."""
    sides: dict[bool, list[int]] = {True: [], False: []}
    for node, degree in graph.degree():
        sides[node in left].append(degree)
    return mean(sides[True]), mean(sides[False])


def differences(graph, left):
    """(absolute, relative) difference of bound of a graph without isolated nodes."""
    left_mean, right_mean = mean_degrees(graph, left)
    bound = math.sqrt(left_mean - 1) + math.sqrt(right_mean - 1)
    absolute = bound - third_gap(graph, None)[1]
    return absolute, absolute / bound if bound else None


def reference(graph, left, parameters):
    """Metrics of an undirected graph whose left nodes are given, by the definitions."""
    found = dict.fromkeys(("delta_r", "delta_r_imdb", "lambda_imsg"))
    found |= {"delta_r_absolute": None, "delta_r_imdb_absolute": None}
    found["density"] = graph.number_of_edges() / parameters
    whole = without_isolated(graph)
    if whole.number_of_nodes() >= 3:
        found["delta_r_absolute"], found["delta_r"] = differences(whole, left)
    absolute, relative, gaps = [], [], []
    for degree in sorted({graph.degree(node) for node in left}):
        chosen = [node for node in left if graph.degree(node) == degree]
        part = without_isolated(graph.subgraph([*chosen, *(set(graph) - left)]))
        if degree < 3 or mean_degrees(part, left)[1] < 3:
            continue
        absolute.append(differences(part, left)[0])
        relative.append(differences(part, left)[1])
        first, third = third_gap(part, "weight")
        gaps.append(first - third)
    found["delta_r_imdb_absolute"], found["delta_r_imdb"] = mean(absolute), mean(relative)
    found["lambda_imsg"] = mean(gaps)
    found["regular_subgraphs"] = len(gaps)
    return found
