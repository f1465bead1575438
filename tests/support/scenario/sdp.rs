//! SDP of a side: the media lines that a step names.

use std::net::SocketAddr;

use super::text::Words;

/// What a side says of itself.
pub(crate) struct Side {
    pub(crate) host: SocketAddr,
    pub(crate) audio: SocketAddr,
    pub(crate) t38: SocketAddr,
    pub(crate) codec: String,
    pub(crate) version: u32,
}

/// Payload type and name of a codec.
pub(crate) fn payload_type(codec: &str) -> u8 {
    match codec {
        "PCMU" => 0,
        "G726-32" => 2,
        "GSM" => 3,
        "G723" => 4,
        "PCMA" => 8,
        "G722" => 9,
        "G729" => 18,
        "iLBC" => 97,
        "opus" => 107,
        other => other
            .parse()
            .unwrap_or_else(|_| panic!("no payload type for `{other}`")),
    }
}

/// Lines of the SDP; `None`: the step names no media.
pub(crate) fn lines(args: &Words, side: &Side) -> Option<Vec<String>> {
    let named: Vec<(&str, bool)> = args
        .0
        .iter()
        .filter_map(|word| match word.text.as_str() {
            "audio" => Some(("audio", true)),
            "audio=0" => Some(("audio", false)),
            "image" => Some(("image", true)),
            "image=0" => Some(("image", false)),
            _ => None,
        })
        .collect();
    let first = named.first()?;
    let of = |kind: &str| {
        if kind == "audio" {
            side.audio
        } else {
            side.t38
        }
    };
    let session = of(named.iter().find(|(_, on)| *on).unwrap_or(first).0);
    let mut out = vec![
        "v=0".to_owned(),
        format!("o=- 1000 {} IN IP4 {}", side.version, side.host.ip()),
        "s=-".to_owned(),
        format!("c=IN IP4 {}", session.ip()),
        "t=0 0".to_owned(),
    ];
    for (kind, on) in named {
        let own = of(kind);
        let port = if on { own.port() } else { 0 };
        if kind == "audio" {
            out.extend(audio(port, &side.codec));
        } else {
            out.extend(image(port));
        }
        if on && own.ip() != session.ip() {
            out.push(format!("c=IN IP4 {}", own.ip()));
        }
    }
    Some(out)
}

fn audio(port: u16, codec: &str) -> Vec<String> {
    let number = payload_type(codec);
    vec![
        format!("m=audio {port} RTP/AVP {number} 101"),
        format!("a=rtpmap:{number} {codec}/8000"),
        "a=rtpmap:101 telephone-event/8000".to_owned(),
        "a=fmtp:101 0-15,32-41".to_owned(),
        "a=ptime:20".to_owned(),
    ]
}

fn image(port: u16) -> Vec<String> {
    let mut out = vec![format!("m=image {port} udptl t38")];
    let attributes = [
        "T38FaxVersion:0",
        "T38MaxBitRate:14400",
        "T38FaxRateManagement:transferredTCF",
        "T38FaxMaxBuffer:1024",
        "T38FaxMaxDatagram:400",
        "T38FaxUdpEC:t38UDPRedundancy",
    ];
    out.extend(attributes.map(|attribute| format!("a={attribute}")));
    out
}
