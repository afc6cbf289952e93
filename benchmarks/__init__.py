"""Speed against the peers, side by side on one local server, as ratios in one run."""
