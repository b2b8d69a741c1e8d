"""What is told in words on pages, in reports and on the terminal: facts in, sentences out. Pure functions."""
