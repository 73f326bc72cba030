"""Running any network: what it is called with and returns, in which numbers, and which weights matter for it."""
