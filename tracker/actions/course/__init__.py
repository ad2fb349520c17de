"""Actions on one course: receive, measure, check in, treat, show progress."""
