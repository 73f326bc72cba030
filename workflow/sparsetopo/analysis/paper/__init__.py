"""The authors' released results, and our tables beside the paper's."""
