"""Cohorts: customers by the month, quarter or week of their first order, and how they went on."""
