"""Derivatives of a network's loss, of first and second order, with little memory."""
