//! Lost packets, out of copies (secondary IFP packets) and FEC.

use std::borrow::Cow;

use crate::t38::ifp::Ifp;
use crate::t38::stats::Encoding;
use crate::t38::stream::order::{BASE, Run};
use crate::t38::stream::slots::{Origin, Slot};

/// More packets than this under all FEC entries of one packet are no FEC.
const MOST_UNDER_FEC: usize = 1024;
/// Each pass can free entries for the next one; no real stream needs many.
const MOST_PASSES: usize = 100;

/// Fills gaps with copies: copy k of packet n is packet n - 1 - k.
pub(super) fn use_copies(run: &mut Run<'_>) {
    let Run { slots, packets, .. } = run;
    for (number, packet) in packets {
        for (earlier, copy) in (1..).zip(&packet.copies) {
            let earlier: i64 = *number - earlier;
            if earlier < BASE || copy.is_empty() {
                continue;
            }
            match slots.get_mut(earlier) {
                Some(slot) if slot.whole => {}
                Some(slot) => {
                    slot.ifp.clone_from(copy);
                    slot.whole = true;
                }
                None => {
                    slots.insert(
                        earlier,
                        Slot {
                            ifp: copy.clone(),
                            whole: true,
                            origin: Origin::Copy,
                            index: packet.index,
                        },
                    );
                }
            }
        }
    }
    slots.settle();
}

/// One FEC entry: the XOR of some packets.
struct Entry<'a> {
    members: Vec<i64>,
    octets: Cow<'a, [u8]>,
    /// Arrival that carried it.
    index: usize,
}

/// Fills gaps by FEC: an entry with one missing packet gives that packet; again, until no entry helps.
pub(super) fn use_fec(run: &mut Run<'_>, encoding: Encoding) {
    let mut entries = incomplete_entries(run);
    for _ in 0..MOST_PASSES {
        let before = entries.len();
        entries.retain(|entry| !solve(run, entry, encoding));
        if entries.len() == before || entries.is_empty() {
            break;
        }
    }
    run.slots.settle();
}

fn is_missing(run: &Run<'_>, number: i64) -> bool {
    run.slots.get(number).is_none_or(|slot| !slot.whole)
}

/// The FEC entries over at least one missing packet.
fn incomplete_entries<'a>(run: &Run<'a>) -> Vec<Entry<'a>> {
    let mut list = Vec::new();
    for (number, packet) in &run.packets {
        let Some((span, entries)) = &packet.fec else {
            continue;
        };
        if span.saturating_mul(entries.len()) > MOST_UNDER_FEC {
            continue;
        }
        let (Ok(step), Ok(span)) = (i64::try_from(entries.len()), i64::try_from(*span)) else {
            continue;
        };
        for (m, octets) in (0..).zip(entries) {
            let members: Vec<i64> = (1..=span).map(|k| number + m - step * k).collect();
            if members
                .iter()
                .any(|member| *member >= BASE && is_missing(run, *member))
            {
                list.push(Entry {
                    members,
                    octets: octets.clone(),
                    index: packet.index,
                });
            }
        }
    }
    list
}

/// Solves an entry if just one of its packets is missing. True if it is of no more use.
fn solve(run: &mut Run<'_>, entry: &Entry<'_>, encoding: Encoding) -> bool {
    let mut missing = entry
        .members
        .iter()
        .copied()
        .filter(|member| is_missing(run, *member));
    let Some(lost) = missing.next() else {
        return true;
    };
    if missing.next().is_some() {
        return false;
    }
    let mut octets = entry.octets.to_vec();
    for member in entry.members.iter().filter(|member| **member != lost) {
        if let Some(slot) = run.slots.get(*member) {
            for (octet, other) in octets.iter_mut().zip(slot.ifp.iter()) {
                *octet ^= other;
            }
        }
    }
    if lost < BASE {
        return true;
    }
    if let Some(size) = true_size(&octets, encoding) {
        octets.truncate(size);
        let index = run.slots.get(lost).map_or(entry.index, |slot| slot.index);
        run.slots.insert(
            lost,
            Slot {
                ifp: Cow::Owned(octets),
                whole: true,
                origin: Origin::Fec,
                index,
            },
        );
    }
    true
}

/// The size of the IFP packet at the start; the XOR with longer packets leaves zeros behind it.
fn true_size(octets: &[u8], encoding: Encoding) -> Option<usize> {
    let other = match encoding {
        Encoding::Asn1998 => Encoding::Asn2002,
        Encoding::Asn2002 => Encoding::Asn1998,
    };
    [encoding, other].into_iter().find_map(|encoding| {
        let (_, size) = Ifp::decode_prefix(octets, encoding).ok()?;
        let rest = octets.get(size..)?;
        rest.iter().all(|octet| *octet == 0).then_some(size)
    })
}
