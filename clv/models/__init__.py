"""One model per file; `clv.models.ladder` chooses, `clv.models.card` stores."""
