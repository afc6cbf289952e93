"""Reports on a ledger: sums as text and charts, and its comparison with the exports of providers."""
