//! tui (to come).
