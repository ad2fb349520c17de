"""One verb a file: collect stored facts, let the nouns decide, store what changed."""
