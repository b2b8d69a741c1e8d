"""The words everybody speaks: errors, canonical tables, settings, engine, formats, measures."""
