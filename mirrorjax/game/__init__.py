"""Frog & Toad, the two-player side-scroller: pure rules on bit-mask boards, one game at a time; `vmap` batches it."""
