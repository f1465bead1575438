//! The packets of some calls as a capture of their own.

use std::collections::HashSet;
use std::io::{self, Write};

use crate::call::index::{DialogId, FlowEntry, Index};
use crate::capture::packet::Decoder;
use crate::capture::reader::Mark;
use crate::capture::store::Store;
use crate::capture::write::Writer;
use crate::capture::{Endpoint, FrameNo};

/// What belongs to the calls that are saved.
struct Wanted<'i> {
    frames: HashSet<FrameNo>,
    flows: Vec<&'i FlowEntry>,
    paths: HashSet<(Endpoint, Endpoint)>,
}

/// Writes SIP, T.38, RTP and ICMP of the calls, in one pass over the capture.
pub(super) fn packets(
    store: &Store,
    start: Mark,
    (index, calls): (&Index, &[DialogId]),
    out: &mut dyn Write,
) -> io::Result<u64> {
    let mut wanted = Wanted {
        frames: HashSet::new(),
        flows: Vec::new(),
        paths: HashSet::new(),
    };
    for dialog in calls.iter().filter_map(|id| index.dialog(*id)) {
        wanted
            .frames
            .extend(dialog.messages.iter().map(|message| message.frame));
        wanted
            .frames
            .extend(dialog.rare().icmp.iter().map(|error| error.frame));
        for flow in dialog.flows.iter().filter_map(|id| index.flow(*id)) {
            wanted.paths.insert((flow.src, flow.dst));
            wanted.flows.push(flow);
        }
    }
    let mut reader = store.frames_from(start)?;
    let mut decoder = Decoder::new();
    let mut writer: Option<Writer<&mut dyn Write>> = None;
    let mut out = Some(out);
    while let Some(frame) = reader.next_frame().map_err(io::Error::other)? {
        let mut take = wanted.frames.contains(&frame.no);
        decoder.decode(&frame, &mut |packet| {
            take |= wanted.paths.contains(&(packet.src, packet.dst))
                && wanted.flows.iter().any(|flow| {
                    (flow.src, flow.dst) == (packet.src, packet.dst)
                        && packet.frame >= flow.first_frame
                        && packet.frame <= flow.last_frame
                });
        });
        if take {
            if let Some(out) = out.take() {
                writer = Some(Writer::begin(out, frame.link)?);
            }
            if let Some(writer) = &mut writer {
                writer.write(&frame)?;
            }
        }
    }
    reader.read_error()?;
    let writer = writer.ok_or_else(|| io::Error::other("the call has no packets"))?;
    Ok(writer.frames())
}
