"""Bytes → plain text tables: containers, encodings, dialects, records, values."""
