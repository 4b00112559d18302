"""What is printed: the page, the fonts, and one module for each report."""
