//! What the packets of one direction carry, changed in place: each IFP packet wherever it stands, as primary, as a
//! copy of an earlier one, or under FEC.

use std::collections::HashMap;

use crate::t38::stats::{Encoding, UdptlStats};
use crate::t38::stream::order::wrap;
use crate::t38::stream::parse::{self, Parsed};
use crate::t38::stream::{Arrival, Framing, encoding, order, repair};

/// IFP packets of one run in order: the number of each, and its octets.
pub type Packets = Vec<(i64, Vec<u8>)>;

/// Gives the IFP packets of each run (those too that only copies or FEC have) to `change`, which may change octets
/// but no lengths, and tells the payload that each arrival has then; of one that stays as it is nothing.
pub fn edit(
    arrivals: &[Arrival<'_>],
    framing: Framing,
    mut change: impl FnMut(&mut Packets, Encoding),
) -> Vec<(usize, Vec<u8>)> {
    let ordered = order::order(arrivals, framing, &mut UdptlStats::default());
    let mut out = Vec::new();
    let mut seen = vec![false; arrivals.len()];
    for mut run in ordered.runs {
        repair::use_copies(&mut run);
        let (decided, _) = encoding::decide(&run);
        let encoding = decided.unwrap_or(encoding::USUAL);
        repair::use_fec(&mut run, encoding);
        let all = run.slots.iter();
        let old: Packets = all
            .map(|(number, slot)| (*number, slot.ifp.to_vec()))
            .collect();
        let mut new = old.clone();
        change(&mut new, encoding);
        let changed = Changed {
            old: old.into_iter().collect(),
            new: new.into_iter().collect(),
        };
        for (number, packet) in &run.packets {
            if let Some(arrival) = arrivals.get(packet.index)
                && let Some(seen) = seen.get_mut(packet.index)
            {
                *seen = true;
                out.push((
                    packet.index,
                    changed.payload(&arrival.payload, packet, *number),
                ));
            }
        }
        // Repeats of a packet are in no list.
        let numbers: HashMap<u16, i64> = changed
            .old
            .keys()
            .map(|number| (wrap(*number), *number))
            .collect();
        for (index, arrival) in arrivals.iter().enumerate() {
            if seen.get(index) == Some(&false)
                && let Ok(Some(packet)) = parse::parse(index, arrival, framing)
                && let Some(number) = numbers.get(&packet.seq)
                && changed.has(*number, &packet.primary)
                && let Some(seen) = seen.get_mut(index)
            {
                *seen = true;
                out.push((index, changed.payload(&arrival.payload, &packet, *number)));
            }
        }
    }
    out
}

/// The IFP packets of a run before and after.
struct Changed {
    old: HashMap<i64, Vec<u8>>,
    new: HashMap<i64, Vec<u8>>,
}

impl Changed {
    fn has(&self, number: i64, octets: &[u8]) -> bool {
        self.old
            .get(&number)
            .is_some_and(|old| old.starts_with(octets))
    }

    fn payload(&self, payload: &[u8], packet: &Parsed<'_>, number: i64) -> Vec<u8> {
        let mut out = payload.to_vec();
        self.one(payload, &mut out, &packet.primary, number);
        for (earlier, copy) in (1..).zip(&packet.copies) {
            self.one(payload, &mut out, copy, number - earlier);
        }
        let Some((span, entries)) = &packet.fec else {
            return out;
        };
        let (Ok(step), Ok(span)) = (i64::try_from(entries.len()), i64::try_from(*span)) else {
            return out;
        };
        for (m, entry) in (0..).zip(entries) {
            let mut octets = entry.to_vec();
            for member in (1..=span.min(1024)).map(|k| number + m - step * k) {
                let (Some(old), Some(new)) = (self.old.get(&member), self.new.get(&member)) else {
                    continue;
                };
                for (octet, (old, new)) in octets.iter_mut().zip(old.iter().zip(new)) {
                    *octet ^= old ^ new;
                }
            }
            write(payload, &mut out, entry, &octets);
        }
        out
    }

    /// Writes an IFP packet where it stands in the payload.
    fn one(&self, payload: &[u8], out: &mut [u8], here: &[u8], number: i64) {
        if here.is_empty() {
            return;
        }
        match self.new.get(&number) {
            Some(new) if self.has(number, here) => write(payload, out, here, new),
            // A copy of something that is not known: its head may stay.
            _ => {
                let blank: Vec<u8> = here.iter().take(5).copied().collect();
                write(payload, out, here, &blank);
            }
        }
    }
}

/// Puts octets in the place of a part of the payload; where they are fewer, zeros follow.
fn write(payload: &[u8], out: &mut [u8], part: &[u8], new: &[u8]) {
    let start = part.as_ptr().addr().wrapping_sub(payload.as_ptr().addr());
    let Some(place) = start
        .checked_add(part.len())
        .and_then(|end| out.get_mut(start..end))
    else {
        return;
    };
    for (at, octet) in place.iter_mut().enumerate() {
        *octet = new.get(at).copied().unwrap_or(0);
    }
}
