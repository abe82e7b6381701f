"""From played games to labelled rows: snapshots, augmentation, unique rows in 64 bits, the oracle, splits by board."""
