"""Calibrated measures of mirror units, on matched boards: one file a measure."""
