"""Where to talk, who we are, which protocol in which dialect: providers as data."""
