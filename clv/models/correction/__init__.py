"""The learned correction of a forecast: by what factor customers like this one beat or missed it."""
