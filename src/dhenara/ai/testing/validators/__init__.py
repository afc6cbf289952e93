"""What vendors refuse although its shape is right: roles, order, ids, pairs and empty words."""
