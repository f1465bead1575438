//! Steps that are SIP messages, or ICMP about what was sent.

use super::{Kind, Stage, other};
use crate::scenario::script::Script;
use crate::scenario::sdp;
use crate::scenario::sip::{self, Ends};
use crate::scenario::step::{Step, Who};
use crate::scenario::wire;

impl Stage<'_> {
    pub(super) fn sip(&mut self, step: &Step, who: Who, at: f64) -> f64 {
        let (own, peer) = (self.address(who, "sip"), self.address(other(who), "sip"));
        let agent = self
            .script
            .setting("host", who, "ua")
            .unwrap_or("Endpoint 1.0");
        let tcp = self
            .script
            .changes
            .iter()
            .any(|(verb, _)| verb == "transport");
        let ends = Ends {
            own,
            peer,
            agent,
            transport: if tcp { "TCP" } else { "UDP" },
        };
        let codec = step
            .args
            .option("codec")
            .or_else(|| self.script.setting("rtp", who, "codec"));
        let mut side = sdp::Side {
            host: own,
            audio: self.address(who, "audio"),
            t38: self.address(who, "t38"),
            codec: codec.unwrap_or("PCMU").to_owned(),
            version: 0,
        };
        let dialog = &mut self.legs[who.leg].dialog;
        let version = &mut dialog.versions[who.from.index()];
        if step.args.option("same-sdp").is_none() {
            *version += 1;
        }
        side.version = *version;
        let mut head = dialog.message(step, who.from, &ends);
        let mut sdp = sdp::lines(&step.args, &side);
        change_text(self.script, &step.label, &mut head, &mut sdp);
        let octets = sip::octets(&head, sdp.as_deref());
        dialog.sent.insert(step.label.clone(), octets.clone());
        self.push(step, who.leg, who.from, at, Kind::Sip, (own, peer), octets);
        at
    }

    /// The very same message again.
    pub(super) fn again(&mut self, step: &Step, who: Who, at: f64) -> f64 {
        let (own, peer) = (self.address(who, "sip"), self.address(other(who), "sip"));
        let label = step.args.need(0, "label");
        let sent = &self.legs[who.leg].dialog.sent;
        let octets = sent
            .get(label)
            .or_else(|| sent.get(&format!("B:{label}")))
            .unwrap_or_else(|| panic!("`{label}` was not sent"))
            .clone();
        self.push(step, who.leg, who.from, at, Kind::Sip, (own, peer), octets);
        at
    }

    /// An ICMP error about the last packet of a label.
    pub(super) fn icmp(&mut self, step: &Step, who: Who, at: f64) -> f64 {
        let label = step.args.need(0, "label");
        let about = self
            .packets
            .iter()
            .rev()
            .find(|packet| packet.label == label)
            .unwrap_or_else(|| panic!("no packet `{label}` before the ICMP"));
        let code = step.args.count("code").unwrap_or(3) as u8;
        let quoted = wire::ipv4_udp(about.src, about.dst, &about.payload, 1);
        let ends = (about.dst, about.src);
        let payload = wire::icmp_unreachable(code, &quoted);
        self.push(step, who.leg, who.from, at, Kind::Icmp, ends, payload);
        at
    }
}

/// `edit`, `header`, `unline` and `sdp` on the message of a step.
fn change_text(
    script: &Script,
    label: &str,
    head: &mut Vec<String>,
    sdp: &mut Option<Vec<String>>,
) {
    for (verb, words) in &script.changes {
        let mine = words
            .plain(0)
            .is_some_and(|own| own == label || own == "sip");
        if !mine || !["edit", "header", "unline", "sdp"].contains(&verb.as_str()) {
            continue;
        }
        let first = words.0[1].text.as_str();
        let all = head.iter_mut().chain(sdp.iter_mut().flatten());
        match verb.as_str() {
            "header" => head.push(first.to_owned()),
            "sdp" => sdp.as_mut().expect("an SDP").push(first.to_owned()),
            "unline" => {
                head.retain(|line| !line.starts_with(first));
                if let Some(sdp) = sdp {
                    sdp.retain(|line| !line.starts_with(first));
                }
            }
            _ => {
                let mut found = words.0[0].text == "sip";
                for line in all {
                    found |= line.contains(first);
                    *line = line.replace(first, &words.0[2].text);
                }
                assert!(found, "`{label}` has no `{first}`");
            }
        }
    }
}
