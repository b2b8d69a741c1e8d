"""Files → run: the main job, forecasts, their receipt, publishing, scoring on request."""
