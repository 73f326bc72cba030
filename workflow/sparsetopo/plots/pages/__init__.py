"""Pages of HTML: the index of a study, the comparison with the paper, and the captions that both show."""
