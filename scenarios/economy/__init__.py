"""The formulas of soft labels: observables → `proxy` → v_hat → p → payoffs of an `interaction`."""
