//! Faxes in progress that send nothing: their hints change with capture time alone, so they are analysed again.

use std::collections::BTreeMap;

use crate::call::{Call, CallNo};
use crate::capture::Timestamp;

/// Seconds without a packet after which a call is analysed again: its last hints are settled
/// ([`crate::hint::engine`] waits for that), the first T.30 messages are overdue, T1 (35 s, T.30 5.4) has expired.
const LOOKS: [f64; 3] = [5.5, 21.0, 40.0];

/// Faxes in progress, by number.
#[derive(Debug, Default)]
pub(super) struct StalledFaxes {
    /// Last packet, and how many of [`LOOKS`] were taken since.
    calls: BTreeMap<CallNo, (Timestamp, usize)>,
}

impl StalledFaxes {
    /// A call was analysed while the capture may go on.
    pub(super) fn note(&mut self, call: &Call) {
        if call.ended.is_some() {
            self.calls.remove(&call.number);
            return;
        }
        let last = call.last_packet;
        let known = self.calls.entry(call.number).or_insert((last, 0));
        if known.0 != last {
            *known = (last, 0);
        }
    }

    /// The calls that are to be analysed again, at this time of the capture.
    pub(super) fn due(&mut self, now: Timestamp) -> Vec<CallNo> {
        let mut due = Vec::new();
        for (number, (last, taken)) in &mut self.calls {
            let silent = now.seconds_since(*last);
            let looks = LOOKS.iter().filter(|look| silent >= **look).count();
            if looks > *taken {
                *taken = looks;
                due.push(*number);
            }
        }
        due
    }

    /// Calls have other numbers now, or are no more.
    pub(super) fn forget(&mut self, gone: impl Fn(CallNo) -> bool) {
        self.calls.retain(|number, _| !gone(*number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::fixture;

    #[test]
    fn a_fax_of_which_nothing_comes_is_looked_at_a_few_times() {
        let mut call = fixture::Builder::new(3, [192, 0, 2, 1], [192, 0, 2, 2]).call;
        call.ended = None;
        call.last_packet = Timestamp(0).plus_seconds(100.0);
        let at = |seconds: f64| Timestamp(0).plus_seconds(seconds);
        let mut stalled = StalledFaxes::default();
        stalled.note(&call);
        assert_eq!(stalled.due(at(103.0)), []);
        assert_eq!(stalled.due(at(106.0)), [CallNo(3)]);
        // Analysed again without anything new.
        stalled.note(&call);
        assert_eq!(stalled.due(at(107.0)), []);
        assert_eq!(stalled.due(at(150.0)), [CallNo(3)]);
        assert_eq!(stalled.due(at(500.0)), []);
        // Something came.
        call.last_packet = at(501.0);
        stalled.note(&call);
        assert_eq!(stalled.due(at(507.0)), [CallNo(3)]);
        call.ended = Some(at(508.0));
        stalled.note(&call);
        assert_eq!(stalled.due(at(900.0)), []);
        call.ended = None;
        stalled.note(&call);
        stalled.forget(|number| number == CallNo(3));
        assert_eq!(stalled.due(at(900.0)), []);
    }
}
