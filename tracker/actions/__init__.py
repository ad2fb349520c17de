"""Actions by theme: collect stored facts, let the domain decide, store what changed."""
