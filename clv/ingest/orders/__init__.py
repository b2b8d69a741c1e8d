"""Rows of text tables → orders: checks, refunds, duplicates, a marketplace's tables."""
