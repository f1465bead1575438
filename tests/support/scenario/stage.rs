//! Plays the steps: each gets its time, and its packets.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use super::ifp::{Recovery, Sender};
use super::rtp::Sound;
use super::script::Script;
use super::signal;
use super::sip::Dialog;
use super::sound;
use super::step::{End, RELAY, Step, Time, Who};
use super::text::{hex, number};

mod message;

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sip,
    T38,
    Rtp,
    Icmp,
    /// No business of the call.
    Other,
}

/// A packet on its way.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) at: f64,
    pub(crate) label: String,
    /// Its number among those with the same label.
    pub(crate) index: usize,
    pub(crate) leg: usize,
    pub(crate) from: End,
    pub(crate) kind: Kind,
    pub(crate) src: SocketAddr,
    pub(crate) dst: SocketAddr,
    pub(crate) payload: Vec<u8>,
}

/// What carries the fax on a leg now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    None,
    Audio,
    T38,
}

struct Leg {
    dialog: Dialog,
    mode: Mode,
    senders: [Sender; 2],
    sound: Sound,
}

/// The play so far.
pub(crate) struct Stage<'s> {
    script: &'s Script,
    two_legs: bool,
    legs: Vec<Leg>,
    cursor: f64,
    /// Start and end of each step that was played.
    spans: HashMap<String, (f64, f64)>,
    packets: Vec<Packet>,
    /// Packets of each label so far.
    counts: HashMap<String, usize>,
}

/// Plays a script to its end.
pub(crate) fn play(script: &Script) -> Vec<Packet> {
    let mut stage = Stage::new(script);
    for step in &script.steps {
        stage.step(step);
    }
    stage.curtain()
}

impl<'s> Stage<'s> {
    fn new(script: &'s Script) -> Self {
        let leg = |number| {
            let seq = |from| {
                let who = Who {
                    leg: number,
                    both: false,
                    from,
                };
                script.setting("udptl", who, "seq").map_or(0, number_u16)
            };
            Leg {
                dialog: Dialog::new(number),
                mode: Mode::None,
                senders: [Sender::new(seq(End::Caller)), Sender::new(seq(End::Callee))],
                sound: Sound::default(),
            }
        };
        Self {
            script,
            two_legs: script
                .steps
                .iter()
                .any(|step| step.who.is_some_and(|who| who.leg == 1)),
            legs: vec![leg(0), leg(1)],
            cursor: 0.0,
            spans: HashMap::new(),
            packets: Vec::new(),
            counts: HashMap::new(),
        }
    }

    fn step(&mut self, step: &Step) {
        let pause = usual_pause(step);
        let at = step.delay
            + match &step.time {
                Time::Next => self.cursor + pause,
                Time::After(seconds) => self.cursor + seconds,
                Time::At(seconds) => *seconds,
                // The other leg's step was taken out: this end speaks on its own.
                Time::Relayed(label) => self
                    .spans
                    .get(label)
                    .map_or(self.cursor + pause, |(start, _)| start + RELAY),
                Time::From { label, end, plus } => {
                    let (start, stop) = *self
                        .spans
                        .get(label)
                        .unwrap_or_else(|| panic!("`{}`: no step `{label}` before it", step.label));
                    plus + if *end { stop } else { start }
                }
            };
        let end = self.perform(step, at);
        self.spans.insert(step.label.clone(), (at, end));
        self.cursor = self.cursor.max(end);
    }

    /// Does a step; when it ends.
    fn perform(&mut self, step: &Step, at: f64) -> f64 {
        let Some(who) = step.who else {
            return self.scenery(step, at);
        };
        match step.verb.as_str() {
            "again" => self.again(step, who, at),
            "icmp" => self.icmp(step, who, at),
            "ifp" => {
                let ifp = hex(step.args.need(0, "octets"));
                self.send_ifp(step, who, at, &ifp)
            }
            "udptl" => {
                let payload = hex(step.args.need(0, "octets"));
                self.media(step, who, at, Kind::T38, payload)
            }
            "event" | "nse" | "cn" | "vad" | "hush" | "codec" => {
                self.legs[who.leg].sound.instead(who.from, step, at)
            }
            verb if verb
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()) =>
            {
                self.sip(step, who, at)
            }
            _ => self.line(step, who, at),
        }
    }

    /// `wait`, `idle`, `mode`.
    fn scenery(&mut self, step: &Step, at: f64) -> f64 {
        match step.verb.as_str() {
            "wait" => at + number(step.args.need(0, "seconds")),
            "idle" => {
                let end = at + number(step.args.need(0, "seconds"));
                let nobody = SocketAddr::from(([192, 0, 2, 1], 9));
                self.push(
                    step,
                    0,
                    End::Caller,
                    end,
                    Kind::Other,
                    (nobody, nobody),
                    Vec::new(),
                );
                end
            }
            _ => {
                let mode = match step.args.need(0, "mode") {
                    "none" => Mode::None,
                    "audio" => Mode::Audio,
                    "t38" => Mode::T38,
                    other => panic!("no mode `{other}`"),
                };
                let usual = if self.two_legs { "AB" } else { "A" };
                let legs = step.args.option("leg").unwrap_or(usual);
                for (leg, name) in self.legs.iter_mut().zip(["A", "B"]) {
                    if legs.contains(name) {
                        leg.sound.turn(mode == Mode::Audio, at);
                        leg.mode = mode;
                    }
                }
                at
            }
        }
    }

    /// A tone, a T.30 message, a page: on whatever carries the fax now.
    fn line(&mut self, step: &Step, who: Who, at: f64) -> f64 {
        match self.legs[who.leg].mode {
            Mode::T38 => {
                let asn1 = self.option(step, "udptl", who, "asn1") == Some("2002");
                let signal = signal::packets(step, who.from, asn1);
                for (offset, ifp) in &signal.packets {
                    self.send_ifp(step, who, at + offset, ifp);
                }
                at + signal.seconds
            }
            Mode::Audio => {
                let samples = sound::samples(step, who.from);
                let end = at + samples.len() as f64 / 8000.0;
                self.legs[who.leg].sound.play(who.from, at, samples);
                end
            }
            Mode::None => panic!("`{}`: nothing carries it (mode none)", step.label),
        }
    }

    fn send_ifp(&mut self, step: &Step, who: Who, at: f64, ifp: &[u8]) -> f64 {
        let recovery = match self.option(step, "udptl", who, "fec") {
            Some(fec) => {
                let (span, entries) = fec.split_once(',').expect("fec=span,entries");
                Recovery::Fec(number(span) as usize, number(entries) as usize)
            }
            None => Recovery::Redundancy(
                self.option(step, "udptl", who, "redundancy")
                    .map_or(2, |depth| number(depth) as usize),
            ),
        };
        let first = !self.counts.contains_key(&step.label);
        let sender = &mut self.legs[who.leg].senders[who.from.index()];
        if let Some(seq) = step.args.option("seq").filter(|_| first) {
            *sender = Sender::new(number_u16(seq));
        }
        let payload = sender.send(ifp, recovery);
        self.media(step, who, at, Kind::T38, payload)
    }

    fn media(&mut self, step: &Step, who: Who, at: f64, kind: Kind, payload: Vec<u8>) -> f64 {
        let ends = (self.address(who, "t38"), self.address(other(who), "t38"));
        self.push(step, who.leg, who.from, at, kind, ends, payload);
        at
    }

    /// An option of the step, or one set for its sender.
    fn option<'o>(&'o self, step: &'o Step, verb: &str, who: Who, key: &str) -> Option<&'o str> {
        step.args
            .option(key)
            .or_else(|| self.script.setting(verb, who, key))
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of a packet")]
    fn push(
        &mut self,
        step: &Step,
        leg: usize,
        from: End,
        at: f64,
        kind: Kind,
        (src, dst): (SocketAddr, SocketAddr),
        payload: Vec<u8>,
    ) {
        let count = self.counts.entry(step.label.clone()).or_default();
        let index = *count;
        *count += 1;
        self.packets.push(Packet {
            at,
            label: step.label.clone(),
            index,
            leg,
            from,
            kind,
            src,
            dst,
            payload,
        });
    }

    /// Address of an end for `sip`, `audio` or `t38`.
    fn address(&self, who: Who, what: &str) -> SocketAddr {
        if let Some(own) = self.script.setting("host", who, what) {
            return own
                .parse()
                .unwrap_or_else(|_| panic!("`{own}` is no address with port"));
        }
        let usual: IpAddr = match (who.leg, who.from, self.two_legs) {
            (0, End::Caller, _) => [203, 0, 113, 10].into(),
            (0, End::Callee, false) => [203, 0, 113, 20].into(),
            (0, End::Callee, true) | (_, End::Caller, _) => [203, 0, 113, 5].into(),
            (_, End::Callee, _) => [198, 51, 100, 20].into(),
        };
        let host = self
            .script
            .setting("host", who, "ip")
            .map_or(usual, |own| own.parse().unwrap());
        let place = (who.leg * 4 + who.from.index() * 2) as u16;
        let port = match what {
            "sip" => 5060,
            "audio" => 10_000 + place,
            _ => 4000 + place,
        };
        SocketAddr::new(host, port)
    }

    /// The end: sound becomes packets.
    fn curtain(mut self) -> Vec<Packet> {
        for leg in 0..2 {
            self.legs[leg].sound.turn(false, self.cursor);
            for from in [End::Caller, End::Callee] {
                let who = Who {
                    leg,
                    both: false,
                    from,
                };
                let ends = (
                    self.address(who, "audio"),
                    self.address(other(who), "audio"),
                );
                let sent = self.legs[leg].sound.packets(self.script, who);
                let label = format!("{}rtp{}", ["", "B:"][leg], [">", "<"][from.index()]);
                self.packets
                    .extend(
                        sent.into_iter()
                            .enumerate()
                            .map(|(index, (at, payload))| Packet {
                                at,
                                label: label.clone(),
                                index,
                                leg,
                                from,
                                kind: Kind::Rtp,
                                src: ends.0,
                                dst: ends.1,
                                payload,
                            }),
                    );
            }
        }
        self.packets
    }
}

fn other(who: Who) -> Who {
    Who {
        from: who.from.other(),
        ..who
    }
}

fn number_u16(text: &str) -> u16 {
    text.parse()
        .unwrap_or_else(|_| panic!("`{text}` is no number of 16 bits"))
}

/// Pause before a step that says nothing about its time.
fn usual_pause(step: &Step) -> f64 {
    match step.verb.as_str() {
        "wait" | "idle" | "mode" => 0.0,
        "tcf" | "page" | "ecm" => 0.075,
        "t30" => 0.2,
        _ => 0.05,
    }
}
