"""The accuracy drop regressed on features, with cross-validation, nulls and intervals."""
