//! The first thing to do about a hint, in a few words: what the advice begins with, for a place that has one line.

use crate::hint::Rule;

/// Columns of a step at most.
#[cfg(test)]
const WIDEST: usize = 66;

/// The step of each rule that may explain why a fax or a call failed, in the order of the catalogue.
const STEPS: &[(&str, &str)] = &[
    (
        "cap-snaplen-truncated",
        "capture again with whole packets (tcpdump -s 0)",
    ),
    (
        "cap-drops",
        "capture again with a larger buffer (tcpdump -B 4096)",
    ),
    (
        "cap-clock-jump",
        "set the clock of the capturing host, capture again",
    ),
    (
        "cap-starts-mid-call",
        "start the capture before the fax is sent",
    ),
    (
        "cap-ends-early",
        "stop the capture only when the fax is over",
    ),
    (
        "cap-one-direction",
        "capture on all interfaces (-i any), both directions",
    ),
    (
        "cap-sip-not-captured",
        "capture SIP too: no filter, TCP as well, or the hop inside TLS",
    ),
    (
        "cap-no-media",
        "capture on the host that the SDP names, or on the media proxy",
    ),
    (
        "sip-no-invite",
        "see outgoing routing and rights of the extension on your PBX",
    ),
    (
        "sip-invite-no-response",
        "try OPTIONS to that address; does the INVITE arrive there?",
    ),
    (
        "sip-no-answer",
        "see whether the called fax answers by itself",
    ),
    (
        "sip-auth-loop",
        "check account, password and realm of the side that calls",
    ),
    (
        "sip-invite-not-found",
        "check the number dialled, its format, and where the DID leads",
    ),
    (
        "sip-invite-busy",
        "send again later; see what holds the line",
    ),
    (
        "sip-invite-forbidden",
        "check accept list, credit and caller ID where it was refused",
    ),
    (
        "sip-invite-unavailable",
        "check the registration of the called adapter or trunk",
    ),
    (
        "sip-invite-media-rejected",
        "offer plain G.711 first, T.38 by re-INVITE",
    ),
    (
        "sip-invite-server-error",
        "look for the Call-ID in the log of the server that answered",
    ),
    (
        "sip-invite-rejected",
        "see the log of the side that refused; set-up comes before fax",
    ),
    (
        "sip-ack-missing",
        "check Contact and NAT settings of the side that sent the 200",
    ),
    (
        "sip-retransmissions",
        "check load and network of the side that answers late",
    ),
    (
        "sip-private-contact",
        "set the external address where the private one is announced",
    ),
    (
        "sip-491-unfounded",
        "see the log of the side that answers 491",
    ),
    (
        "sip-sdp-unasked",
        "update the side that answered, or refresh by re-INVITE",
    ),
    (
        "sip-body-cut",
        "update the sender, or shorten its SDP (fewer codecs)",
    ),
    (
        "sip-reinvite-refused",
        "see the log of the side that refused",
    ),
    (
        "sip-early-bye",
        "see why the side that sent the BYE hung up: its log, its extension",
    ),
    (
        "sip-bye-missing",
        "find the side that should hang up; enable session timers",
    ),
    (
        "sip-bye-unanswered",
        "check Route and Contact of the BYE: does it arrive?",
    ),
    (
        "sip-bye-late",
        "see the dialplan of the sender: it hangs up too late",
    ),
    (
        "sip-session-refresh",
        "raise Session-Expires, or turn timers off for the fax trunk",
    ),
    (
        "sip-session-expired",
        "see who should have refreshed the session, and why it did not",
    ),
    (
        "sip-rtp-timeout",
        "switch the RTP timeout off for fax lines (rtp_timeout=0)",
    ),
    (
        "sip-call-limit",
        "raise the call limit of the side that sent the BYE",
    ),
    (
        "sip-route-ignored",
        "turn loose routing on at the side that sends the request",
    ),
    (
        "sip-fragmented",
        "send large messages over TCP, or shorten the SDP",
    ),
    (
        "sip-answer-without-sdp",
        "see why the answer lost its SDP: that side, its proxy, an ALG",
    ),
    (
        "sip-not-relayed",
        "look for the Call-ID in the log of the proxy",
    ),
    (
        "sdp-offer-malformed",
        "correct the SDP on the side that wrote it",
    ),
    (
        "sdp-private-address",
        "set the external media address on the side that wrote it",
    ),
    (
        "t38-reinvite-before-answer",
        "let the re-INVITE wait until that leg is answered",
    ),
    (
        "t38-offer-image-only",
        "offer G.711 first and let T.38 follow by re-INVITE",
    ),
    (
        "t38-no-reinvite",
        "turn T.38 on at the called side: it should ask for it",
    ),
    (
        "t38-reinvite-timeout",
        "see whether the re-INVITE reaches the side that was asked",
    ),
    (
        "t38-reinvite-late",
        "shorten fax detection or the announcement of the side that asks",
    ),
    (
        "t38-reinvite-unsupported-media",
        "enable T.38 on the side that refuses (extension, trunk, carrier)",
    ),
    (
        "t38-reinvite-rejected",
        "see the log of the side that answered",
    ),
    (
        "t38-reinvite-glare",
        "let one side alone ask for T.38, best the called one",
    ),
    (
        "t38-image-port-zero",
        "enable T.38 on the side that answered",
    ),
    (
        "t38-image-missing-in-answer",
        "see why the answer leaves m=image out: that side, or an SBC",
    ),
    (
        "t38-audio-and-image",
        "let T.38 replace audio in the offer (m=audio 0)",
    ),
    (
        "t38-fallback-g711",
        "see why T.38 was refused or never asked for",
    ),
    (
        "t38-back-to-audio-midfax",
        "look at the 10 s before on the side that switched back",
    ),
    ("t38-version-mismatch", "set T38FaxVersion 0 on both sides"),
    ("t38-ratemgmt-mismatch", "set transferredTCF on both sides"),
    ("t38-udpec-mismatch", "set t38UDPRedundancy on both sides"),
    (
        "t38-sdp-transport",
        "correct m=image: the media proxy, or who writes the line",
    ),
    (
        "t38-maxdatagram-small",
        "set maxdatagram=400 on the sending Asterisk",
    ),
    (
        "t38-private-address",
        "set the external media address on the side that announces it",
    ),
    (
        "t38-port-range",
        "open this port range, UDP, both ways, in the firewall",
    ),
    (
        "t38-on-voice-call",
        "make the fax detector of that side less hasty",
    ),
    (
        "udptl-none",
        "let UDP through to both m=image ports: firewall, media proxy",
    ),
    (
        "udptl-one-way",
        "compare where the packets go with the SDP of the silent side",
    ),
    (
        "udptl-wrong-destination",
        "send T.38 to the m=image port: the sender, or who rewrote the SDP",
    ),
    (
        "udptl-source-mismatch",
        "let the receiver answer where packets come from (t38_udptl_nat)",
    ),
    (
        "udptl-icmp",
        "see on that host whether the port is open (ss -ulpn, firewall)",
    ),
    (
        "udptl-loss-unrecovered",
        "fix the loss on this path; raise T.38 redundancy at the sender",
    ),
    (
        "udptl-no-redundancy",
        "turn redundancy on at the sender (t38_udptl_ec=redundancy)",
    ),
    (
        "udptl-seq-reset",
        "see the log of the sender at the time of the jump",
    ),
    ("udptl-timing-gap", "look for jitter, or a busy sending PBX"),
    (
        "udptl-decode-error",
        "see what is sent to the T.38 port, and by which T38FaxVersion",
    ),
    ("udptl-early", "let T.38 begin only after the 200 OK"),
    (
        "udptl-fcs-bad",
        "check the telephone line behind this gateway",
    ),
    (
        "udptl-idle",
        "turn the T.38 engine on behind that side (fax_enable_t38, gateway)",
    ),
    (
        "udptl-fragmented",
        "lower redundancy for pages, or T38FaxMaxDatagram to 400",
    ),
    (
        "udptl-long-silence",
        "try a short page: if that passes, a timer ends the silence",
    ),
    (
        "t30-partial-delivery",
        "ask the recipient which pages arrived, send the others again",
    ),
    (
        "t30-no-dis",
        "see that the called number reaches a fax that answers",
    ),
    (
        "t30-dis-no-dcs",
        "does the DIS reach the sender? Its T.38, its firewall, its log",
    ),
    (
        "t30-dis-both-sides",
        "see which dialplan answers, and that SDP addresses are not swapped",
    ),
    (
        "t30-dcs-no-response",
        "capture next to the receiver: do DCS and TCF arrive?",
    ),
    (
        "t30-dcs-dis-loop",
        "compare where the sender's packets go with the receiver's SDP",
    ),
    (
        "t30-ftt",
        "look for loss and jitter; cap the rate at 9600 to test",
    ),
    (
        "t30-train-failed",
        "check rate management in SDP, then the receiver's line",
    ),
    (
        "t30-train-without-dcs",
        "update the sending gateway, or begin at 9600",
    ),
    (
        "t30-carrier-no-frame",
        "check level and echo cancellation on that gateway's line",
    ),
    (
        "t30-tcf-other-modem",
        "update the sending gateway, or limit it to V.29 9600",
    ),
    ("t30-ced-late", "route the number straight to the fax"),
    (
        "t30-tcf-corrupt",
        "look for loss on the way from the sender, then at its line",
    ),
    (
        "t30-tcf-missing",
        "check T38FaxRateManagement and the sender's line",
    ),
    (
        "t30-dcs-exceeds-dis",
        "compare the DIS of both legs: a gateway may have changed it",
    ),
    (
        "t30-dis-cannot-receive",
        "see paper, memory, disk and receive mode of the called fax",
    ),
    (
        "t30-v34-in-t38",
        "turn Super G3 off, or the SG3 fallback on",
    ),
    (
        "t30-response-not-heard",
        "compare the two legs; look for loss and NAT on the way back",
    ),
    (
        "t30-collision",
        "add up the delays of the legs; look for echo",
    ),
    (
        "t30-crp-fnv",
        "look for loss on the way to the side that asks again",
    ),
    (
        "t30-cfr-no-page",
        "see the fax job and the log of the sender",
    ),
    (
        "t30-page-truncated",
        "see the log of the sending gateway when the page stops",
    ),
    (
        "t30-page-no-postmsg",
        "look for T.38 loss after the page, then at the sender's log",
    ),
    ("t30-page-width", "correct the paper width of the sender"),
    (
        "t30-ppr",
        "look for loss before the capture point, then at the lines",
    ),
    (
        "t30-ppr-fourth",
        "lower the rate, raise redundancy for pages, look for loss",
    ),
    (
        "t30-eor-err",
        "send the page again; see the PPR before for the reason",
    ),
    (
        "t30-postmsg-no-response",
        "look for loss at that time, then at the receiver's log",
    ),
    (
        "t30-rtn",
        "look for loss and jitter while the page was sent",
    ),
    (
        "t30-dcn-before-dcs",
        "see the fax job and log of the side that disconnected",
    ),
    (
        "t30-dcn-after-dcs",
        "see the log of the side that disconnected: TSI filter, training",
    ),
    (
        "t30-dcn-in-page",
        "see the log of the side that sent the DCN",
    ),
    (
        "t30-dcn-after-page",
        "see the log of the side that sent DCN: memory, disk, job",
    ),
    (
        "t30-dropped-mid-fax",
        "see who sent BYE and its Reason: a timer, a limit, an ACK",
    ),
    (
        "t30-answered-by-voice",
        "see that this number leads to the fax, and that it is on",
    ),
    (
        "g711-codec-lowrate",
        "allow G.711 alone on the fax extension and trunk",
    ),
    (
        "g711-loss",
        "use T.38 with redundancy, or fix the loss on this path",
    ),
    (
        "g711-jitter",
        "use a fixed jitter buffer; look for a busy link",
    ),
    (
        "g711-codec-switch",
        "keep one codec and 20 ms from end to end",
    ),
    (
        "g711-vad",
        "turn VAD and silence suppression off on the whole way",
    ),
    (
        "g711-clock-slip",
        "fix the clock source of PRI or ATA, or use T.38",
    ),
    (
        "g711-one-way",
        "compare where the packets go with the SDP of the silent side",
    ),
    (
        "g711-unknown-payload",
        "set that side to standard T.38 or plain G.711",
    ),
    (
        "g711-silent-after-switch",
        "capture at that host: do packets leave it?",
    ),
    ("g711-sg3", "switch V.34 (Super G3) off first"),
    (
        "g711-pace",
        "see the timer of the sending PBX or virtual machine",
    ),
    (
        "g711-wrong-destination",
        "see why the sender keeps the address of an earlier answer",
    ),
    (
        "leg-t38-one-sided",
        "enable T.38 on both legs, or the T.38 gateway of the PBX",
    ),
    (
        "leg-reinvite-not-relayed",
        "enable T.38 on the extension or trunk of the other leg",
    ),
    (
        "leg-media-not-relayed",
        "see udptl debug or the media proxy's log of the PBX",
    ),
    (
        "leg-t30-not-relayed",
        "see T.38 log and buffers of the PBX, loss into it",
    ),
    (
        "leg-latency",
        "look for store-and-forward, a busy PBX, far hops",
    ),
    (
        "leg-bye-one-sided",
        "check what the dialplan does after the fax (h extension)",
    ),
    (
        "leg-first-failure",
        "work on the other leg: it failed first",
    ),
    (
        "leg-dis-altered",
        "see the fax settings of the PBX (maxrate, ecm)",
    ),
    (
        "media-proxy-not-relayed",
        "open the port range on both interfaces of the media proxy",
    ),
];

/// What to check first, if it can be said in a few words.
pub fn step(rule: &Rule) -> Option<&'static str> {
    STEPS
        .iter()
        .find(|(id, _)| *id == rule.id)
        .map(|(_, step)| *step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hint::rule::RootCause;
    use crate::hint::{Severity, rules};

    #[test]
    fn every_rule_that_may_explain_a_failure_has_a_step() {
        for rule in rules() {
            let may_explain = match rule.root {
                RootCause::AsError | RootCause::BetweenLegs(_) => rule.severity == Severity::Error,
                RootCause::AsWarning | RootCause::Summary | RootCause::IfIncomplete => true,
                RootCause::Never => false,
            };
            assert!(
                !may_explain || step(rule).is_some(),
                "{} has no step",
                rule.id
            );
        }
        for (at, (id, step)) in STEPS.iter().enumerate() {
            assert!(rules().any(|rule| rule.id == *id), "{id} is no rule");
            assert!(step.len() <= WIDEST, "{id}: {}", step.len());
            let again = STEPS.iter().skip(at + 1).any(|(other, _)| other == id);
            assert!(!again, "{id} twice");
        }
    }
}
