"""Customer lifetime value: from order files to forecasts that can be trusted."""

__version__ = "0.1.0"
