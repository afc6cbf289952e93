"""What is known about models, as data: limits, prices, what they take."""
