//! The hub against simulated homes, on loopback.
