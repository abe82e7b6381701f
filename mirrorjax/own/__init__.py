"""The battery for anybody's network: activations under paired conditions, their tests, intervals and a page."""
