"""The marketplace at work on real purchases: `manage.py replay` plays it through the REST API.

`purchases` reads the file, `plan` decides by a fixed seed what becomes of each purchase, `shop` is
the marketplace's server (an HTTP client with a key), `stage` sets up stores, codes and influencers,
`friends` wins round codes, `play` sends it all in order and `table` sums it up.
"""
