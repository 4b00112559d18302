"""What the work means: people, instruments, screening, risk, statistics, disclosure, reports."""
