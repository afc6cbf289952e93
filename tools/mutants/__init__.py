"""Mutation testing of the core modules: change the code in one place, and see whether its tests fail."""
