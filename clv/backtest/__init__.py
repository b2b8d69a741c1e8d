"""A past day: who would have forecast best, how sure, and what ranges hold."""
