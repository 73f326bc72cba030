"""The explicit backend: every primitive from the stored edges, by scipy and igraph."""
