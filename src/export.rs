//! export (to come).
