//! Report -> bytes: text for people, JSON for machines, SARIF for code scanning.
