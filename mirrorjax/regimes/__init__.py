"""Ways to learn the game. A regime turns packed rows into a loss; each is one file and one line here."""

from mirrorjax.regimes.supervised import Supervised

REGIMES = {"supervised": Supervised}
