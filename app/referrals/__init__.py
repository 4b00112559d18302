"""Referrals and transfers (转介、转出) to other stations: what is sent, what comes back."""
