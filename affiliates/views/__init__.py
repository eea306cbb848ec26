"""Pages of influencers and agencies."""
