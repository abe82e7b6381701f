"""mirrorjax: populations of networks on Frog & Toad, trained at once on JAX, and measures of their mirror units.

The story, and the order of imports: game → dataset → models, population → regimes → measurement → training → tracking
→ report; `pipeline` tells it on one screen.
"""
