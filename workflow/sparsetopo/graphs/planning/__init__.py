"""From a recording to a plan: node layers, blocks and spatial incidences."""
