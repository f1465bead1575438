//! Which ASN.1 a sender follows, told by trial over all its packets.
//!
//! Some packets decode in both encodings: `hdlc-fcs-OK` of 1998 is `hdlc-fcs-OK-sig-end` of 2002. So each
//! encoding is charged for what does not decode, for fields that make no sense, and for an order of fields
//! that no line has.

use crate::t38::code::FieldType;
use crate::t38::ifp::Ifp;
use crate::t38::stats::Encoding;
use crate::t38::stream::order::Run;

/// Taken where nothing tells: version 0 is what most equipment agrees on.
pub(super) const USUAL: Encoding = Encoding::Asn1998;

/// A difference that the rest of a run will not turn: some fifty packets that do not decode in the other one.
const CLEAR: usize = 200;

/// The encoding of a run (`None`: both fit as well), and the arrival by which it could first be told.
pub(super) fn decide(run: &Run<'_>) -> (Option<Encoding>, Option<usize>) {
    let mut old = Trial::new(Encoding::Asn1998);
    let mut new = Trial::new(Encoding::Asn2002);
    let mut first = None;
    let mut before = None;
    for (number, slot) in run.slots.iter() {
        if before.is_some_and(|before: i64| before + 1 != *number) {
            old.forget();
            new.forget();
        }
        before = Some(*number);
        if !slot.whole {
            continue;
        }
        old.take(&slot.ifp);
        new.take(&slot.ifp);
        if first.is_none() && old.cost != new.cost {
            first = Some(slot.index);
        }
        if old.cost.abs_diff(new.cost) >= CLEAR {
            break;
        }
    }
    match old.cost.cmp(&new.cost) {
        std::cmp::Ordering::Less => (Some(Encoding::Asn1998), first),
        std::cmp::Ordering::Greater => (Some(Encoding::Asn2002), first),
        std::cmp::Ordering::Equal => (None, None),
    }
}

/// One encoding on trial.
struct Trial {
    encoding: Encoding,
    cost: usize,
    line: Line,
}

/// What the fields so far say of the line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    /// Nothing (start, or after a gap).
    Unknown,
    /// Octets of a frame.
    Frame,
    /// Between frames.
    Flags,
    /// Carrier is off.
    Ended,
}

impl Trial {
    fn new(encoding: Encoding) -> Self {
        Self {
            encoding,
            cost: 0,
            line: Line::Unknown,
        }
    }

    fn forget(&mut self) {
        self.line = Line::Unknown;
    }

    fn take(&mut self, octets: &[u8]) {
        let Ok(ifp) = Ifp::decode(octets, self.encoding) else {
            self.cost += 4;
            self.forget();
            return;
        };
        self.cost += 2 * ifp.oddities(self.encoding);
        let Ifp::Data { fields, .. } = ifp else {
            self.cost += usize::from(self.line == Line::Frame);
            self.forget();
            return;
        };
        for field in fields {
            let has_data = !field.octets.is_empty();
            let (next, odd) = match field.field_type {
                FieldType::HdlcData => (Line::Frame, self.line == Line::Ended),
                FieldType::HdlcFcsOk | FieldType::HdlcFcsBad => {
                    let idle = matches!(self.line, Line::Flags | Line::Ended);
                    (Line::Flags, idle && !has_data)
                }
                FieldType::HdlcFcsOkSigEnd | FieldType::HdlcFcsBadSigEnd => {
                    let idle = matches!(self.line, Line::Flags | Line::Ended);
                    (Line::Ended, idle && !has_data)
                }
                FieldType::HdlcSigEnd => (Line::Ended, self.line == Line::Frame),
                _ => (Line::Unknown, false),
            };
            self.cost += usize::from(odd);
            self.line = next;
        }
    }
}
