//! What is known of a call beside its messages and media: ICMP errors, incomplete datagrams, the capture itself.

use std::collections::HashSet;

use crate::call::index::DialogEntry;
use crate::call::load::{Draft, Source};
use crate::call::{BySide, CaptureFacts, Event, EventKind, IncompleteDatagram, Side, UdptlStats};
use crate::capture::merge::{Lost, Origins};
use crate::capture::{Endpoint, FrameNo, LONG_GAP};

/// ICMP errors as events.
pub(super) fn icmp(source: &Source<'_>, dialog: &DialogEntry, draft: &mut Draft) {
    for error in &dialog.rare().icmp {
        let kind = EventKind::Icmp {
            error: error.error,
            quoted_dst: error.quoted_dst,
            count: 1,
        };
        let from = if error.quoted_dst.addr == dialog.caller.addr {
            Side::Caller
        } else {
            Side::Callee
        };
        let event = draft.event(
            (error.frame, error.at),
            (error.src, error.dst),
            source.seat(from),
            kind,
        );
        draft.events.push(event);
    }
}

/// Datagrams of which only the first fragment came, by side.
pub(super) fn incomplete(source: &Source<'_>, dialog: &DialogEntry) -> Vec<IncompleteDatagram> {
    let side = |src: Endpoint, dst: Endpoint| {
        let mut flows = dialog.flows.iter().filter_map(|id| source.index.flow(*id));
        let flow = flows.find(|flow| (flow.src, flow.dst) == (src, dst));
        let owner = flow.and_then(|flow| flow.owner);
        let side = owner.map_or_else(|| dialog.side_of_path(src.addr, dst.addr), |(_, side)| side);
        source.seat(side)
    };
    let all = dialog.rare().incomplete.iter();
    all.map(|one| IncompleteDatagram {
        frame: one.frame,
        at: one.at,
        from: side(one.src, one.dst),
        octets: one.octets,
        fragment: one.fragment,
        sequence: one.sequence,
    })
    .collect()
}

/// Flows, the first ones, among which media of one of a call's hosts are looked for.
const MOST_FLOWS: usize = 2000;

/// Whether media of another call of one of the hosts of a dialog are in the capture.
fn other_media(source: &Source<'_>, dialog: &DialogEntry) -> bool {
    let hosts = [dialog.caller.addr, dialog.callee.addr];
    let mut flows = source.index.flows().iter().take(MOST_FLOWS);
    flows.any(|flow| {
        let is_media = flow.owner.is_some() && (flow.rtp > 0 || !flow.t38.is_empty());
        is_media && (hosts.contains(&flow.src.addr) || hosts.contains(&flow.dst.addr))
    })
}

/// What the capture lacks of a call.
pub(super) fn facts(source: &Source<'_>, dialog: &DialogEntry) -> CaptureFacts {
    let within = |frame: &FrameNo| *frame >= dialog.first_frame && *frame <= dialog.last_frame;
    let flows = dialog.flows.iter().filter_map(|id| source.index.flow(*id));
    let rare = dialog.rare();
    let media_duplicates: u32 = flows.map(|flow| flow.duplicates).sum();
    let shared = source
        .info
        .origins
        .as_ref()
        .is_some_and(|all| all.is_shared());
    CaptureFacts {
        first_time: source.info.first_time.unwrap_or_default(),
        last_time: source.info.last_time.unwrap_or_default(),
        unfinished: source.unfinished,
        truncated: rare.truncated.clone(),
        truncated_count: rare.truncated_count,
        truncated_sip: rare.truncated_sip,
        snaplen: source.info.snaplen,
        // What two hosts saw is no fault of a capture.
        duplicates: if shared {
            0
        } else {
            rare.duplicates.saturating_add(media_duplicates)
        },
        first_duplicate: rare.first_duplicate,
        dropped: source.info.dropped,
        orphan_fragments: source.info.orphan_fragments,
        clock_jumps: source
            .info
            .clock_jumps
            .iter()
            .filter(|(frame, _)| within(frame))
            .copied()
            .collect(),
        other_media: dialog.flows.is_empty() && other_media(source, dialog),
        origins: source.info.origins.clone(),
        lost: lost(source, dialog),
        starts_mid_call: dialog.has_sip() && !dialog.starts_with_invite,
        ..CaptureFacts::default()
    }
}

/// What was lost of it between hosts that were both captured.
fn lost(source: &Source<'_>, dialog: &DialogEntry) -> Vec<Lost> {
    let all = source.info.origins.as_deref().map(Origins::lost);
    let Some(mut all) = all.filter(|all| !all.is_empty()) else {
        return Vec::new();
    };
    let flows = dialog.flows.iter().filter_map(|id| source.index.flow(*id));
    let media = flows.map(|flow| (flow.src, flow.dst));
    let messages = dialog.messages.iter().map(|message| dialog.path(message));
    let ways: HashSet<(Endpoint, Endpoint)> = media.chain(messages).collect();
    let within = |frame: &FrameNo| *frame >= dialog.first_frame && *frame <= dialog.last_frame;
    all.retain(|lost| ways.contains(&(lost.src, lost.dst)) && lost.frames.iter().any(within));
    all
}

/// A pause inside a running stream during which the whole capture is silent: its clock jumped (rule
/// `cap-clock-jump`). Where other packets fill the pause, the stream really paused.
pub(super) fn jumps_forward(
    source: &Source<'_>,
    events: &[Event],
    udptl: &BySide<UdptlStats>,
    facts: &mut CaptureFacts,
) {
    // Where packets are missing, the pause is theirs.
    let t38 = [&udptl.caller, &udptl.callee].into_iter().flat_map(|sent| {
        let stalls = sent.stalls.iter().copied();
        stalls.filter(|(frame, _)| sent.gaps.iter().all(|gap| gap.frame != *frame))
    });
    let rtp = events.iter().filter_map(|event| match &event.kind {
        EventKind::Rtp(span) => {
            let frame = span.stats.max_gap_frame;
            let whole = span.stats.gaps.iter().all(|(gap, ..)| *gap != frame);
            whole.then_some((frame, span.stats.max_gap_ms / 1000.0))
        }
        _ => None,
    });
    for (frame, pause) in t38.chain(rtp).filter(|(_, pause)| *pause > LONG_GAP) {
        let same = |gap: &&(FrameNo, f64)| {
            gap.0 <= frame && frame.0 - gap.0.0 < NEAR && (gap.1 - pause).abs() < GAP_TOLERANCE
        };
        if let Some(gap) = source.info.time_gaps.iter().find(same)
            && !facts.clock_jumps.contains(gap)
        {
            facts.clock_jumps.push(*gap);
        }
    }
    facts.clock_jumps.sort_by_key(|(frame, _)| *frame);
}

/// The stream goes on within so many frames after the gap.
const NEAR: u32 = 50;
/// Seconds by which the pause of a stream may differ from the gap of the capture.
const GAP_TOLERANCE: f64 = 0.5;
