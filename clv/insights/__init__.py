"""What is read off a run: customers, cohorts, segments, survival, newcomers, monitoring."""
