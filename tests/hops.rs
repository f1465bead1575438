//! Paths that no capture of ../shared has (its HOPS.md, section 7): each made here, message by message.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail by panic"
)]

use std::path::Path;

use serde_json::Value;

#[path = "support/json.rs"]
mod json;

use json::{flow, list, text};

const CALLER: &str = "192.0.2.10:5060";
const PROXY: &str = "203.0.113.5:5060";
const SECOND: &str = "203.0.113.6:5060";
const CALLEE: &str = "198.51.100.20:5060";
const OTHER: &str = "198.51.100.31:5060";

/// A capture of SIP over UDP on raw IP.
#[derive(Default)]
struct Made {
    packets: Vec<(u32, Vec<u8>)>,
}

/// A message; its Via lines say `host branch`, the topmost first.
#[derive(Clone, Copy)]
struct Sip<'a> {
    start: &'a str,
    cseq: &'a str,
    tags: (&'a str, &'a str),
    body: &'a str,
    /// An own header line.
    more: &'a str,
}

impl Sip<'_> {
    fn text(&self, via: &[String]) -> String {
        let lines: Vec<String> = via
            .iter()
            .map(|via| {
                format!(
                    "Via: SIP/2.0/UDP {};branch=z9hG4bK{}\r\n",
                    via.split(' ').next().unwrap(),
                    via.replace([' ', ':', '.'], "")
                )
            })
            .collect();
        let start = if self.start.starts_with(|c: char| c.is_ascii_digit()) {
            format!("SIP/2.0 {}", self.start)
        } else {
            format!("{} sip:+100200400@x.example SIP/2.0", self.start)
        };
        let to = match self.tags.1 {
            "" => String::new(),
            tag => format!(";tag={tag}"),
        };
        format!(
            "{start}\r\n{}From: <sip:+100200300@x.example>;tag={}\r\nTo: <sip:+100200400@x.example>{to}\r\n\
             Call-ID: made-1@192.0.2.10\r\nCSeq: {}\r\nMax-Forwards: 70\r\n{}Content-Type: application/sdp\r\n\
             Content-Length: {}\r\n\r\n{}",
            lines.concat(),
            self.tags.0,
            self.cseq,
            self.more,
            self.body.len(),
            self.body
        )
    }
}

fn sdp(addr: &str, media: &str) -> String {
    format!("v=0\r\no=- 1 1 IN IP4 {addr}\r\ns=-\r\nc=IN IP4 {addr}\r\nt=0 0\r\nm={media}\r\n")
}

fn audio(addr: &str) -> String {
    sdp(addr, "audio 10000 RTP/AVP 0 8")
}

impl Made {
    /// One datagram, `ms` after the start. Its IP identification is 0, as many senders have it.
    fn put(&mut self, ms: u32, (src, dst): (&str, &str), ttl: u8, text: &str) {
        let end = |end: &str| {
            let (addr, port) = end.rsplit_once(':').unwrap();
            let addr: std::net::Ipv4Addr = addr.parse().unwrap();
            (addr.octets(), port.parse::<u16>().unwrap().to_be_bytes())
        };
        let (src, dst) = (end(src), end(dst));
        let udp = u16::try_from(text.len() + 8).unwrap();
        let mut packet = vec![0x45, 0];
        packet.extend((udp + 20).to_be_bytes());
        packet.extend([0, 0, 0x40, 0, ttl, 17, 0, 0]);
        packet.extend([src.0, dst.0].concat());
        packet.extend([src.1, dst.1].concat());
        packet.extend(udp.to_be_bytes());
        packet.extend([0, 0]);
        packet.extend(text.bytes());
        self.packets.push((ms, packet));
    }

    /// A request over hops, each element with a Via of its own; or its response, back over them.
    fn carry(&mut self, ms: u32, way: &[(&str, &str)], branch: &str, sip: Sip<'_>) {
        let mut via: Vec<String> = Vec::new();
        let mut hops = Vec::new();
        for (nth, (from, to)) in way.iter().enumerate() {
            via.insert(0, format!("{from} {branch}{nth}"));
            hops.push((*from, *to, via.clone()));
        }
        let back = sip.start.starts_with(|c: char| c.is_ascii_digit());
        if back {
            hops.reverse();
        }
        for ((from, to, via), later) in hops.into_iter().zip(0..) {
            let ends = if back { (to, from) } else { (from, to) };
            self.put(ms + 10 * later, ends, 64, &sip.text(&via));
        }
    }

    fn calls(mut self, name: &str) -> Vec<Value> {
        self.packets.sort_by_key(|(ms, _)| *ms);
        let mut octets = Vec::new();
        for word in [0xA1B2_C3D4_u32, 0x0004_0002, 0, 0, 65_535, 101] {
            octets.extend(word.to_le_bytes());
        }
        for (ms, packet) in &self.packets {
            let length = u32::try_from(packet.len()).unwrap();
            for word in [1_741_000_000 + ms / 1000, ms % 1000 * 1000, length, length] {
                octets.extend(word.to_le_bytes());
            }
            octets.extend(packet);
        }
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("hops-{name}.pcap"));
        std::fs::write(&file, octets).unwrap();
        let calls = flow(&file);
        std::fs::remove_file(&file).unwrap();
        calls
    }
}

const INVITE: Sip<'_> = Sip {
    start: "INVITE",
    cseq: "1 INVITE",
    tags: ("f1", ""),
    body: "",
    more: "",
};
const BYE: Sip<'_> = Sip {
    start: "BYE",
    cseq: "2 BYE",
    tags: ("f1", "t1"),
    ..INVITE
};

/// A call over some hops from INVITE to BYE.
fn whole(made: &mut Made, way: &[(&str, &str)]) {
    dialog(made, 0, way, "a", ("f1", "t1"));
}

/// A dialog over some hops, `later` ms after the one before it; what comes back passes here so much earlier. Each
/// transaction has a branch of its own.
fn dialog(made: &mut Made, later: u32, way: &[(&str, &str)], branch: &str, tags: (&str, &str)) {
    let (offer, answer) = (audio("192.0.2.10"), audio("198.51.100.20"));
    let offered = Sip {
        body: &offer,
        ..INVITE
    };
    made.carry(later, way, branch, offered);
    let ok = Sip {
        start: "200 OK",
        tags,
        body: &answer,
        ..INVITE
    };
    made.carry(1000 - later, way, branch, ok);
    let ack = Sip {
        start: "ACK",
        cseq: "1 ACK",
        tags,
        ..INVITE
    };
    made.carry(1100 + later, way, &branch.repeat(2), ack);
    let bye = Sip { tags, ..BYE };
    made.carry(9000 + later, way, &branch.repeat(3), bye);
    let ok = Sip {
        start: "200 OK",
        ..bye
    };
    made.carry(9100 - later, way, &branch.repeat(3), ok);
}

fn roles(call: &Value) -> Vec<&str> {
    list(&call["path"])
        .iter()
        .map(|host| text(&host["role"]))
        .collect()
}

/// SIP rows: hop and name.
fn rows(call: &Value) -> Vec<(u64, &str)> {
    let sip = list(&call["messages"])
        .iter()
        .filter(|row| row["layer"] == "sip");
    sip.map(|row| (row["hop"].as_u64().unwrap(), text(&row["name"])))
        .collect()
}

fn repeated(call: &Value) -> usize {
    let rows = list(&call["messages"]).iter();
    rows.filter(|row| row["retransmission"] == true).count()
}

fn alarms(call: &Value) -> Vec<&str> {
    let loud = |hint: &&Value| ["error", "warning"].contains(&text(&hint["severity"]));
    list(&call["hints"])
        .iter()
        .filter(loud)
        .map(|hint| text(&hint["rule"]))
        .collect()
}

/// The one call, without alarms and repeats.
fn sound(calls: &[Value]) -> &Value {
    assert_eq!(calls.len(), 1);
    assert_eq!((alarms(&calls[0]), repeated(&calls[0])), (vec![], 0));
    &calls[0]
}

#[test]
fn topology_hiding_leaves_one_via() {
    let mut made = Made::default();
    // Each hop alone: the proxy begins the stack anew.
    for (later, way, branch) in [(0, [(CALLER, PROXY)], "a"), (10, [(PROXY, CALLEE)], "p")] {
        dialog(&mut made, later, &way, branch, ("f1", "t1"));
    }
    let calls = made.calls("hiding");
    let call = sound(&calls);
    assert_eq!(roles(call), ["caller", "b2bua", "callee"]);
    assert_eq!(rows(call).iter().filter(|(hop, _)| *hop == 2).count(), 5);
}

#[test]
fn a_b2bua_that_keeps_the_call_id_is_one_row() {
    let mut made = Made::default();
    let legs = [
        (0, [(CALLER, PROXY)], "a", ("f1", "tA")),
        (10, [(PROXY, CALLEE)], "p", ("f1", "tB")),
    ];
    for (later, way, branch, tags) in legs {
        dialog(&mut made, later, &way, branch, tags);
    }
    let calls = made.calls("keeps");
    assert_eq!(roles(sound(&calls)), ["caller", "b2bua", "callee"]);
}

#[test]
fn the_next_gateway_of_a_serial_fork_answers() {
    let mut made = Made::default();
    let (offer, answer) = (audio("192.0.2.10"), audio("198.51.100.31"));
    let (first, second) = (
        [(CALLER, PROXY), (PROXY, CALLEE)],
        [(CALLER, PROXY), (PROXY, OTHER)],
    );
    let offered = Sip {
        body: &offer,
        ..INVITE
    };
    let ringing = Sip {
        start: "180 Ringing",
        tags: ("f1", "t0"),
        ..INVITE
    };
    made.carry(0, &first, "a", offered);
    made.carry(500, &first, "a", ringing);
    // What was relayed of the first branch goes on one Via: so the second branch begins at the proxy.
    let via = |branch: &str| vec![format!("{PROXY} {branch}"), format!("{CALLER} a0")];
    let refused = Sip {
        start: "503 Service Unavailable",
        tags: ("f1", "t0"),
        ..INVITE
    };
    made.put(2000, (CALLEE, PROXY), 64, &refused.text(&via("a1")));
    let ack = Sip {
        start: "ACK",
        cseq: "1 ACK",
        tags: ("f1", "t0"),
        ..INVITE
    };
    made.put(2005, (PROXY, CALLEE), 64, &ack.text(&via("a1")[..1]));
    made.put(2100, (PROXY, OTHER), 64, &offered.text(&via("z1")));
    let tags = ("f1", "t1");
    for (ms, start, body) in [(2500, "180 Ringing", ""), (4000, "200 OK", answer.as_str())] {
        let said = Sip {
            start,
            tags,
            body,
            ..INVITE
        };
        made.put(ms, (OTHER, PROXY), 64, &said.text(&via("z1")));
        made.put(ms + 10, (PROXY, CALLER), 64, &said.text(&via("z1")[1..]));
    }
    made.carry(
        4100,
        &second,
        "b",
        Sip {
            start: "ACK",
            cseq: "1 ACK",
            tags,
            ..INVITE
        },
    );
    made.carry(9000, &second, "c", BYE);
    made.carry(
        9100,
        &second,
        "c",
        Sip {
            start: "200 OK",
            ..BYE
        },
    );
    let calls = made.calls("serial");
    // The second 180 is of another contact: no repeat.
    let call = sound(&calls);
    assert_eq!(
        (roles(call), &call["status"]),
        (vec!["caller", "proxy", "callee"], &Value::from(200))
    );
    assert_eq!(call["path"][2]["addr"], OTHER);
    assert!(rows(call).contains(&(3, "503 Service Unavailable")));
}

#[test]
fn a_spiral_passes_a_proxy_twice() {
    let mut made = Made::default();
    whole(
        &mut made,
        &[
            (CALLER, PROXY),
            (PROXY, SECOND),
            (SECOND, PROXY),
            (PROXY, CALLEE),
        ],
    );
    let calls = made.calls("spiral");
    let call = sound(&calls);
    assert_eq!(roles(call), ["caller", "proxy", "proxy", "proxy", "callee"]);
    assert_eq!(call["path"][1], call["path"][3]);
    assert_eq!(rows(call).len(), 20);
}

#[test]
fn a_loop_of_seventy_hops_is_bounded() {
    let mut made = Made::default();
    let mut way = vec![(CALLER, PROXY)];
    for nth in 0..69 {
        way.push(if nth % 2 == 0 {
            (PROXY, SECOND)
        } else {
            (SECOND, PROXY)
        });
    }
    let offer = audio("192.0.2.10");
    made.carry(
        0,
        &way,
        "a",
        Sip {
            body: &offer,
            ..INVITE
        },
    );
    let refused = Sip {
        start: "483 Too Many Hops",
        tags: ("f1", "x"),
        ..INVITE
    };
    made.carry(1000, &way, "a", refused);
    let calls = made.calls("loop");
    let [call] = calls.as_slice() else {
        panic!("{} calls", calls.len())
    };
    assert_eq!((list(&call["hops"]).len(), rows(call).len()), (70, 140));
    assert_eq!(roles(call).last(), Some(&"proxy"));
    assert_eq!(call["fault_side"], "pbx");
}

#[test]
fn a_nat_seen_on_both_sides_is_no_proxy() {
    const INSIDE: &str = "172.17.0.2:5060";
    let mut made = Made::default();
    let tags = ("f1", "t1");
    let (offer, answer) = (audio("192.0.2.10"), audio("172.17.0.2"));
    let messages = [
        (
            0,
            "a",
            Sip {
                body: &offer,
                ..INVITE
            },
        ),
        (
            1000,
            "a",
            Sip {
                start: "200 OK",
                tags,
                body: &answer,
                ..INVITE
            },
        ),
        (
            1100,
            "b",
            Sip {
                start: "ACK",
                cseq: "1 ACK",
                tags,
                ..INVITE
            },
        ),
        (9000, "c", BYE),
        (
            9100,
            "c",
            Sip {
                start: "200 OK",
                ..BYE
            },
        ),
    ];
    for (ms, branch, sip) in messages {
        let octets = sip.text(&[format!("{CALLER} {branch}")]);
        let outside = (CALLER, PROXY);
        let inside = (CALLER, INSIDE);
        if sip.start.starts_with('2') {
            made.put(ms, (INSIDE, CALLER), 64, &octets);
            made.put(ms, (PROXY, CALLER), 63, &octets);
        } else if sip.start == "INVITE" {
            // In the wrong order.
            made.put(ms, inside, 63, &octets);
            made.put(ms, outside, 64, &octets);
        } else {
            made.put(ms, outside, 64, &octets);
            made.put(ms, inside, 63, &octets);
        }
    }
    let calls = made.calls("nat");
    assert_eq!(roles(sound(&calls)), ["caller", "nat", "callee"]);
}

#[test]
fn answers_from_another_port_are_of_the_same_host() {
    const ELSEWHERE: &str = "198.51.100.20:61783";
    let mut made = Made::default();
    let way = [(CALLER, PROXY), (PROXY, CALLEE)];
    whole(&mut made, &way);
    let port = 61_783_u16.to_be_bytes();
    for (_, packet) in &mut made.packets {
        if packet[12..16] == [198, 51, 100, 20] {
            packet[20..22].copy_from_slice(&port);
        }
    }
    // The proxy wants credentials for the T.38 re-INVITE, and gets them.
    let image = sdp("198.51.100.20", "image 4000 udptl t38");
    let asks = Sip {
        cseq: "4 INVITE",
        tags: ("t1", "f1"),
        body: &image,
        ..INVITE
    };
    let back = [(ELSEWHERE, PROXY), (PROXY, CALLER)];
    made.carry(2000, &back[..1], "d", asks);
    let challenge = "Proxy-Authenticate: Digest realm=\"x\", nonce=\"1\"\r\n";
    let challenged = Sip {
        start: "407 Proxy Authentication Required",
        body: "",
        more: challenge,
        ..asks
    };
    made.carry(2010, &back[..1], "d", challenged);
    made.carry(
        2020,
        &back[..1],
        "d",
        Sip {
            start: "ACK",
            cseq: "4 ACK",
            body: "",
            ..asks
        },
    );
    let again = Sip {
        cseq: "5 INVITE",
        ..asks
    };
    made.carry(2100, &back, "e", again);
    let answer = sdp("192.0.2.10", "image 4100 udptl t38");
    made.carry(
        2300,
        &back,
        "e",
        Sip {
            start: "200 OK",
            body: &answer,
            ..again
        },
    );
    made.carry(
        2400,
        &back,
        "g",
        Sip {
            start: "ACK",
            cseq: "5 ACK",
            body: "",
            ..again
        },
    );
    let calls = made.calls("port");
    let call = sound(&calls);
    assert_eq!(roles(call), ["caller", "proxy", "callee"]);
    assert_eq!(list(&call["hops"]).len(), 2);
    assert!(rows(call).iter().all(|(hop, _)| *hop <= 2));
}

#[test]
fn offers_in_prack_and_update_pass_a_proxy() {
    let mut made = Made::default();
    let way = [(CALLER, PROXY), (PROXY, CALLEE)];
    let (own, other) = (audio("192.0.2.10"), audio("198.51.100.20"));
    let tags = ("f1", "t1");
    let reliable = "Require: 100rel\r\nRSeq: 1\r\n";
    made.carry(0, &way, "a", INVITE);
    let progress = Sip {
        start: "183 Session Progress",
        tags,
        body: &other,
        more: reliable,
        ..INVITE
    };
    made.carry(300, &way, "a", progress);
    for (ms, method, cseq, branch, answer) in [
        (400, "PRACK", "2 PRACK", "p", ""),
        (600, "UPDATE", "3 UPDATE", "u", other.as_str()),
    ] {
        made.carry(
            ms,
            &way,
            branch,
            Sip {
                start: method,
                cseq,
                tags,
                body: &own,
                ..INVITE
            },
        );
        made.carry(
            ms + 100,
            &way,
            branch,
            Sip {
                start: "200 OK",
                cseq,
                tags,
                body: answer,
                ..INVITE
            },
        );
    }
    made.carry(
        1000,
        &way,
        "a",
        Sip {
            start: "200 OK",
            tags,
            ..INVITE
        },
    );
    made.carry(
        1100,
        &way,
        "b",
        Sip {
            start: "ACK",
            cseq: "1 ACK",
            tags,
            ..INVITE
        },
    );
    made.carry(
        9000,
        &way,
        "c",
        Sip {
            cseq: "4 BYE",
            ..BYE
        },
    );
    made.carry(
        9100,
        &way,
        "c",
        Sip {
            start: "200 OK",
            cseq: "4 BYE",
            ..BYE
        },
    );
    let calls = made.calls("prack");
    let call = sound(&calls);
    assert_eq!(rows(call).len(), 20);
    assert_eq!(rows(call).iter().filter(|(hop, _)| *hop == 1).count(), 10);
}
