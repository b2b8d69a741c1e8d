"""The season of the year: a change of time that any purchase model can wear."""
