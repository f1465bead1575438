//! The timers of T.30, with their tolerances.
//!
//! A capture is taken somewhere between the two terminals, so what it shows of a wait is not exact: what the
//! network adds is allowed for in both directions ([`EARLY`], [`LATE`]).

use std::fmt;

/// Taken off every lower bound: a command may pass the capture point late and its repetition early, seconds.
pub const EARLY: f64 = 0.2;
/// Added to every upper bound: delay of the network and of the peer, seconds.
pub const LATE: f64 = 0.5;

/// A timer of T.30: how long a terminal waits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timer {
    /// `T1`, as T.30 names it.
    pub name: &'static str,
    /// The shortest that T.30 allows, seconds.
    pub shortest: f64,
    /// The longest that T.30 allows, seconds.
    pub longest: f64,
}

impl Timer {
    const fn new(name: &'static str, seconds: f64, tolerance: f64) -> Self {
        Self {
            name,
            shortest: seconds - tolerance,
            longest: seconds + tolerance,
        }
    }

    /// Least wait in a capture after which the timer may have run out, seconds.
    pub const fn earliest(&self) -> f64 {
        self.shortest - EARLY
    }

    /// Wait in a capture after which the timer has run out, seconds.
    pub const fn latest(&self) -> f64 {
        self.longest + LATE
    }
}

impl fmt::Display for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The calling terminal waits for the called one to answer: 60 s ±5 s (T.30 5.4.3.2).
#[allow(dead_code, reason = "the table has all timers of T.30")]
pub const T0: Timer = Timer::new("T0", 60.0, 5.0);
/// Both terminals try to identify each other: 35 s ±5 s (T.30 5.4.3.2).
pub const T1: Timer = Timer::new("T1", 35.0, 5.0);
/// The receiver waits for a command or for page data: 6 s ±1 s (T.30 5.4.3.2).
pub const T2: Timer = Timer::new("T2", 6.0, 1.0);
/// A terminal that alerts its operator waits: 10 s ±5 s (T.30 5.4.3.2).
pub const T3: Timer = Timer::new("T3", 10.0, 5.0);
/// A command waits for its answer, then it is repeated: 3 s ±15 % (T.30 5.4.3.2; 4.5 s where an operator
/// receives by hand).
pub const T4: Timer = Timer {
    name: "T4",
    shortest: 3.0 * 0.85,
    longest: 3.0 * 1.15,
};
/// A sender of ECM waits for a receiver that is not ready (RNR): 60 s ±5 s (T.30 Annex A).
pub const T5: Timer = Timer::new("T5", 60.0, 5.0);

/// How often a command is sent before its sender gives up (T.30 5.4.2).
pub const TRIES: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_runs_out_between_its_bounds() {
        for timer in [T0, T1, T2, T3, T4, T5] {
            assert!(timer.earliest() < timer.shortest, "{timer}");
            assert!(timer.shortest < timer.longest, "{timer}");
            assert!(timer.longest < timer.latest(), "{timer}");
        }
        assert!((T4.earliest() - 2.35).abs() < 1e-9);
    }
}
