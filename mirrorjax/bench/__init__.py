"""`mirrorjax bench`: how fast this machine does what mirrorjax is for, with the machine's own limits beside it.

Every section runs in a process of its own, pinned to as many cores as it is about, and returns `Figure`s; `run` puts
them into one file a device, a table and two curves. Nothing here is imported by the rest of mirrorjax.
"""
