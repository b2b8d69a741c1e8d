"""Tools of fitting: inputs checked and made distinct, Newton's method, maximum likelihood."""
