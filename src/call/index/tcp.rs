//! TCP: SIP messages and T.38 out of byte streams.

use crate::call::index::{Index, MAX_FLOWS, MAX_FRAMED, MAX_FRAMERS, dialog};
use crate::capture::store::Store;
use crate::capture::{Packet, Stamp, Transport};
use crate::sip::framing::{Framed, Verdict};
use crate::t38::stream::Framing;

/// A piece of a byte stream, owned: streams and index cannot be borrowed at once.
struct Piece {
    packet: Owned,
    data: Vec<u8>,
    gap: bool,
}

/// Where and when a piece came.
#[derive(Clone, Copy)]
struct Owned {
    frame: crate::capture::FrameNo,
    at: crate::capture::Timestamp,
    src: crate::capture::Endpoint,
    dst: crate::capture::Endpoint,
}

impl Owned {
    fn packet<'p>(&self, payload: &'p [u8]) -> Packet<'p> {
        Packet {
            frame: self.frame,
            at: self.at,
            src: self.src,
            dst: self.dst,
            transport: Transport::Udp,
            payload,
            cut: 0,
            offset: None,
            duplicate: false,
            stamp: Stamp::NONE,
        }
    }
}

impl Index {
    /// Takes one TCP segment.
    pub(super) fn segment(
        &mut self,
        packet: &Packet<'_>,
        store: &mut Store,
    ) -> std::io::Result<()> {
        if packet.duplicate {
            return Ok(());
        }
        let mut pieces = Vec::new();
        self.streams.push(packet, &mut |chunk| {
            pieces.push(Piece {
                packet: Owned {
                    frame: chunk.frame,
                    at: chunk.at,
                    src: chunk.src,
                    dst: chunk.dst,
                },
                data: chunk.data.to_vec(),
                gap: chunk.gap,
            });
        });
        for piece in pieces {
            self.bytes(&piece, packet.cut, store)?;
        }
        Ok(())
    }

    fn bytes(&mut self, piece: &Piece, cut: u32, store: &mut Store) -> std::io::Result<()> {
        let (src, dst) = (piece.packet.src, piece.packet.dst);
        if self.t38_claimed(src, dst).0 {
            return self.t38_bytes(piece, store);
        }
        let framer = self.framers.entry((src, dst)).or_default();
        let before = framer.held();
        let messages = framer.push(&piece.data, piece.packet.frame, piece.packet.at, piece.gap);
        self.framed = (self.framed + framer.held()).saturating_sub(before);
        let not_sip = framer.verdict() == Verdict::NotSip;
        self.messages(piece.packet, &messages, cut, store)?;
        if not_sip {
            self.framers.remove(&(src, dst));
            self.streams.forget(src, dst);
        }
        self.make_room(store)
    }

    /// Takes the SIP messages that came out of one direction.
    fn messages(
        &mut self,
        direction: Owned,
        messages: &[Framed],
        cut: u32,
        store: &mut Store,
    ) -> std::io::Result<()> {
        for message in messages {
            // Shown at the frame that completed it, as Wireshark does.
            let (frame, at) = message.last;
            let transport = if message.websocket {
                dialog::WS
            } else {
                dialog::TCP
            };
            let at = Owned {
                frame,
                at,
                ..direction
            };
            let mut packet = at.packet(&message.octets);
            packet.cut = if message.cut { cut.max(1) } else { 0 };
            if let Some(brief) = crate::sip::scan::scan(packet.payload) {
                self.sip_message(&packet, &brief, transport, store)?;
            }
        }
        Ok(())
    }

    /// Too many directions, or too much that waits in them: those with nothing in them are forgotten, then all;
    /// what was begun is given out as cut.
    fn make_room(&mut self, store: &mut Store) -> std::io::Result<()> {
        if self.framers.len() <= MAX_FRAMERS && self.framed <= MAX_FRAMED {
            return Ok(());
        }
        self.framers.retain(|_, framer| !framer.is_idle());
        if self.framers.len() <= MAX_FRAMERS / 2 && self.framed <= MAX_FRAMED {
            return Ok(());
        }
        let mut begun: Vec<_> = std::mem::take(&mut self.framers)
            .into_iter()
            .filter_map(|(path, framer)| Some((framer.begun()?, path, framer)))
            .collect();
        self.framed = 0;
        begun.sort_by_key(|(at, path, _)| (*at, *path));
        for ((frame, at), (src, dst), mut framer) in begun {
            let direction = Owned {
                frame,
                at,
                src,
                dst,
            };
            self.messages(direction, &framer.finish(), 0, store)?;
        }
        Ok(())
    }

    /// T.38 over TCP: kept as it comes, TPKT is taken off when the call is loaded.
    fn t38_bytes(&mut self, piece: &Piece, store: &mut Store) -> std::io::Result<()> {
        let packet = piece.packet.packet(&piece.data);
        let known = self.by_path.get(&(packet.src, packet.dst)).copied();
        let id = match known {
            Some(id) if !self.is_stale(id, packet.at) => id,
            _ if self.flows.len() >= MAX_FLOWS => {
                self.left_out += 1;
                return Ok(());
            }
            _ => {
                let id = self.begin_flow(&packet, Framing::Tcp);
                if let Some(dialog) = self.owner_of(packet.src, packet.dst) {
                    self.adopt(id, dialog);
                }
                id
            }
        };
        self.keep_t38_bytes(id, &packet, store)
    }
}
