"""mirrorjax: populations of networks on Frog & Toad, trained at once on JAX, and measures of their mirror units.

The story, in the order of the folders: game → dataset → models, population → regimes → training → measurement →
tracking; `pipeline` tells it on one screen, `report` reads what it left.
"""
