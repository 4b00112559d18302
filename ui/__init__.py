"""What people see: the desktop window and the command line."""
