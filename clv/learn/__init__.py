"""Supervised models of customers' value: designs, learners, leaderboard, artefacts.

Features come from `clv.features`, measures from `clv.core.metrics`; what is here is how customers are split
by time, who learns what, and how a trained model is kept and used again.
"""
