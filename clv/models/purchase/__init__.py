"""Models of when customers buy, one a file, with their likelihoods and expectations."""
