"""What a report is made of: results, grouped by configuration, and what is computed over their networks."""
