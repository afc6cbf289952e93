"""Rules by which vendors reject well-formed requests: roles, order, ids, tool pairs and empty text."""
