//! What the recorder sees of the packets, and how it writes them down.

use std::collections::HashMap;
use std::net::SocketAddr;

use super::script::Script;
use super::stage::{Kind, Packet};
use super::step::{End, Time};
use super::text::{Words, number};
use super::wire;

/// A frame of the file.
pub(crate) struct Frame {
    pub(crate) at: f64,
    pub(crate) label: String,
    pub(crate) octets: Vec<u8>,
    pub(crate) wire: usize,
}

/// Later than its packet that the same frame comes once more (`twice`).
const TWICE: f64 = 0.0002;

/// Does all that the script says about packets, in its order, and makes frames.
pub(crate) fn record(script: &Script, mut packets: Vec<Packet>) -> Vec<Frame> {
    let mut doubled: Vec<(String, usize)> = Vec::new();
    for (verb, words) in &script.changes {
        change(verb, words, &mut packets, &mut doubled);
    }
    packets.sort_by(|one, other| one.at.total_cmp(&other.at));
    let mut writer = Writer::new(script);
    for packet in &packets {
        let twice = doubled.contains(&(packet.label.clone(), packet.index));
        writer.write(packet, twice);
    }
    writer.frames
}

fn change(
    verb: &str,
    words: &Words,
    packets: &mut Vec<Packet>,
    doubled: &mut Vec<(String, usize)>,
) {
    let wanted = |packet: &Packet| selects(words.need(0, "selector"), words.plain(1), packet);
    match verb {
        "lose" | "hide" => {
            let before = packets.len();
            packets.retain(|packet| !wanted(packet));
            assert!(
                packets.len() < before,
                "`{verb} {words:?}` takes nothing away"
            );
        }
        "only" => packets.retain(|packet| wanted(packet) || packet.kind == Kind::Other),
        "from" => {
            let start = moment(words, packets, false);
            packets.retain(|packet| packet.at >= start);
        }
        "to" => {
            let end = moment(words, packets, true);
            packets.retain(|packet| packet.at <= end);
        }
        "late" => {
            let by = words.number("by").expect("by=");
            packets
                .iter_mut()
                .filter(|packet| wanted(packet))
                .for_each(|packet| packet.at += by);
        }
        "twice" => doubled.extend(
            packets
                .iter()
                .filter(|packet| wanted(packet))
                .map(|packet| (packet.label.clone(), packet.index)),
        ),
        "resend" => {
            let by = words.number("by").unwrap_or(0.01);
            let more: Vec<Packet> = packets
                .iter()
                .filter(|packet| wanted(packet))
                .map(|packet| Packet {
                    at: packet.at + by,
                    index: packet.index + 100_000,
                    ..packet.clone()
                })
                .collect();
            packets.extend(more);
        }
        "wire" => {
            for packet in packets.iter_mut().filter(|packet| wanted(packet)) {
                readdress(&mut packet.src, words.option("src"));
                readdress(&mut packet.dst, words.option("dst"));
            }
        }
        _ => {}
    }
}

fn readdress(end: &mut SocketAddr, new: Option<&str>) {
    if let Some(new) = new {
        *end = new
            .parse()
            .unwrap_or_else(|_| panic!("`{new}` is no address with port"));
    }
}

/// `LABEL`, `LABEL+2`, or seconds.
fn moment(words: &Words, packets: &[Packet], last: bool) -> f64 {
    let text = words.need(0, "moment");
    if let Some(Time::At(at)) = Time::parse(text) {
        return at;
    }
    let Some(Time::From { label, plus, .. }) = Time::parse(&format!("@{text}")) else {
        panic!("`{text}` is no moment");
    };
    let of = packets
        .iter()
        .filter(|packet| packet.label == label)
        .map(|packet| packet.at);
    let at = if last {
        of.reduce(f64::max)
    } else {
        of.reduce(f64::min)
    };
    plus + at.unwrap_or_else(|| panic!("no packet `{label}`"))
}

/// Whether a selector (`DIS`, `DIS*`, `t38>`, `B:sip`, `*`) and places (`3..5,8`, `10%`) are about a packet.
fn selects(selector: &str, which: Option<&str>, packet: &Packet) -> bool {
    let named = packet.label == selector
        || selector
            .strip_suffix('*')
            .is_some_and(|head| packet.label.starts_with(head))
        || is_kind(selector, packet);
    named
        && which.is_none_or(|which| match which.strip_suffix('%') {
            Some(percent) => every(number(percent), packet.index),
            None => places(which).contains(&packet.index),
        })
}

/// Whether a place is among so many in a hundred, evenly spread.
fn every(percent: f64, place: usize) -> bool {
    let part = |place: usize| (place as f64 * percent / 100.0) as usize;
    part(place + 1) > part(place)
}

fn is_kind(selector: &str, packet: &Packet) -> bool {
    let (leg, rest) = match selector.split_once(':') {
        Some(("A", rest)) => (Some(0), rest),
        Some(("B", rest)) => (Some(1), rest),
        _ => (None, selector),
    };
    let (kind, from) = match rest.char_indices().last() {
        Some((at, '>')) => (&rest[..at], Some(End::Caller)),
        Some((at, '<')) => (&rest[..at], Some(End::Callee)),
        _ => (rest, None),
    };
    let fits = match kind {
        "" | "*" => packet.kind != Kind::Other,
        "sip" => packet.kind == Kind::Sip,
        "t38" => packet.kind == Kind::T38,
        "rtp" => packet.kind == Kind::Rtp,
        "media" => matches!(packet.kind, Kind::T38 | Kind::Rtp),
        "icmp" => packet.kind == Kind::Icmp,
        _ => false,
    };
    fits && leg.is_none_or(|leg| leg == packet.leg) && from.is_none_or(|from| from == packet.from)
}

/// `3..5,8`: places, the last one of a range included.
pub(crate) fn places(text: &str) -> Vec<usize> {
    text.split(',')
        .flat_map(|part| {
            let (first, last) = part.split_once("..").unwrap_or((part, part));
            number(first) as usize..=number(last) as usize
        })
        .collect()
}

/// Frames as the recorder writes them.
struct Writer<'s> {
    script: &'s Script,
    frames: Vec<Frame>,
    ids: HashMap<SocketAddr, u16>,
    /// TCP sequence numbers by direction.
    sent: HashMap<(SocketAddr, SocketAddr), u32>,
    /// What the clock is off now.
    off: f64,
    jumped: Vec<String>,
}

impl<'s> Writer<'s> {
    fn new(script: &'s Script) -> Self {
        Self {
            script,
            frames: Vec::new(),
            ids: HashMap::new(),
            sent: HashMap::new(),
            off: 0.0,
            jumped: Vec::new(),
        }
    }

    fn changes(&self, wanted: &str) -> impl Iterator<Item = &'s Words> + use<'s> {
        let script = self.script;
        let wanted = wanted.to_owned();
        script
            .changes
            .iter()
            .filter(move |(verb, _)| *verb == wanted)
            .map(|(_, words)| words)
    }

    fn write(&mut self, packet: &Packet, twice: bool) {
        for words in self.changes("jump") {
            let label = words.need(0, "label");
            let place = words.count("at").unwrap_or(0);
            if label == packet.label
                && packet.index >= place
                && !self.jumped.contains(&packet.label)
            {
                self.off += number(words.need(1, "seconds").trim_start_matches('+'));
                self.jumped.push(packet.label.clone());
            }
        }
        for octets in self.octets(packet) {
            self.frame(packet, octets.clone(), 0.0);
            if twice {
                self.frame(packet, octets, TWICE);
            }
        }
    }

    fn frame(&mut self, packet: &Packet, mut octets: Vec<u8>, later: f64) {
        let wire = octets.len();
        if let Some(snap) = self.changes("snap").last() {
            octets.truncate(number(snap.need(0, "octets")) as usize);
        }
        self.frames.push(Frame {
            at: packet.at + self.off + later,
            label: packet.label.clone(),
            octets,
            wire,
        });
    }

    fn octets(&mut self, packet: &Packet) -> Vec<Vec<u8>> {
        let (src, dst) = (packet.src, packet.dst);
        let id = self.ids.entry(SocketAddr::new(src.ip(), 0)).or_insert(0);
        *id = id.wrapping_add(1);
        let id = *id;
        let tcp = packet.kind == Kind::Sip && self.changes("transport").last().is_some();
        let ip = match packet.kind {
            Kind::Other => return vec![wire::arp()],
            Kind::Icmp => wire::ipv4(1, src, dst, &packet.payload, id, 0),
            _ if tcp => {
                let seq = self.sent.entry((src, dst)).or_insert(1000);
                let own = *seq;
                *seq += packet.payload.len() as u32;
                wire::ipv4_tcp(src, dst, own, &packet.payload, id)
            }
            _ => wire::ipv4_udp(src, dst, &packet.payload, id),
        };
        let parts = self
            .changes("fragment")
            .find(|words| words.need(0, "label") == packet.label);
        let Some(words) = parts else {
            return vec![wire::ethernet(&ip)];
        };
        let lost = words.option("lose").map(places).unwrap_or_default();
        wire::fragments(&ip, words.count("size").unwrap_or(400))
            .iter()
            .enumerate()
            .filter(|(place, _)| !lost.contains(place))
            .map(|(_, part)| wire::ethernet(part))
            .collect()
    }
}
