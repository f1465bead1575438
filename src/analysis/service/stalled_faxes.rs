//! Faxes in progress that send nothing: their hints change with capture time alone, so they are analysed again.

use std::collections::BTreeMap;

use crate::call::CallNo;
use crate::capture::Timestamp;

/// Seconds without a packet after which a call is analysed again: its last hints are settled
/// ([`crate::hint`] waits for that), the first T.30 messages are overdue, T1 (35 s, T.30 5.4) has expired.
const LOOKS: [f64; 3] = [5.5, 21.0, 40.0];

/// Faxes in progress, by number.
#[derive(Debug, Default)]
pub(super) struct StalledFaxes {
    /// Last packet, and how many of [`LOOKS`] were taken since.
    calls: BTreeMap<CallNo, (Timestamp, usize)>,
}

impl StalledFaxes {
    /// A call was analysed while the capture may go on: its last packet; `None` once it has ended.
    pub(super) fn note(&mut self, number: CallNo, last_packet: Option<Timestamp>) {
        let Some(last) = last_packet else {
            self.calls.remove(&number);
            return;
        };
        let known = self.calls.entry(number).or_insert((last, 0));
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

    #[test]
    fn a_fax_of_which_nothing_comes_is_looked_at_a_few_times() {
        let call = CallNo(3);
        let at = |seconds: f64| Timestamp(0).plus_seconds(seconds);
        let mut stalled = StalledFaxes::default();
        stalled.note(call, Some(at(100.0)));
        assert_eq!(stalled.due(at(103.0)), []);
        assert_eq!(stalled.due(at(106.0)), [call]);
        // Analysed again without anything new.
        stalled.note(call, Some(at(100.0)));
        assert_eq!(stalled.due(at(107.0)), []);
        assert_eq!(stalled.due(at(150.0)), [call]);
        assert_eq!(stalled.due(at(500.0)), []);
        // Something came.
        stalled.note(call, Some(at(501.0)));
        assert_eq!(stalled.due(at(507.0)), [call]);
        stalled.note(call, None);
        assert_eq!(stalled.due(at(900.0)), []);
        stalled.note(call, Some(at(501.0)));
        stalled.forget(|number| number == call);
        assert_eq!(stalled.due(at(900.0)), []);
    }
}
