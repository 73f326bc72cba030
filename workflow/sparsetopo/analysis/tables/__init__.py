"""The collected tables: read, checked, scaled, and joined into features."""
