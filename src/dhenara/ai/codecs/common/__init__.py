"""What several protocols encode and decode alike."""
