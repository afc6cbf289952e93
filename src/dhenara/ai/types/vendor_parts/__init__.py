"""Content parts in the formats of vendors, converted to our types. Nothing is lost."""
