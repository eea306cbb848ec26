"""What people fill in about promo codes."""
