"""Who is measured: one file each, with the same four doors. A file is imported in its contestant's environment only."""
