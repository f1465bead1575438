//! Calls built by hand, for the tests of rules.
