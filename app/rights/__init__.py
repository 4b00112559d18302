"""What people may ask of those who keep records about them, and what the law asks: consent, keeping, erasing, a copy."""
