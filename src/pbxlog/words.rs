//! What a line of a log tells, by its words: those of spandsp, `res_fax`, `mod_spandsp`.

use crate::call::log::{LogFrame, Says};

/// Octets of a frame that are kept.
const OCTETS: usize = 300;
/// FCD and RCP, bit order of the T.38 wire: page data in frames, which a capture has as blocks.
const PAGE_DATA: [u8; 2] = [0x60, 0x61];

/// A word of the line tells trouble.
const TROUBLE: &[&str] = &[
    "Bad HDLC CRC",
    "Unexpected",
    "Missing from",
    "Training failed",
    "Retry number",
    "Too many retries",
    "Giving up",
    "did not end cleanly",
    "carrier not found",
    "quality is bad",
    "test failed",
    "missing octets",
    "CRC bad",
    "Bad CRC",
    "out of sequence",
    "Far end",
    "not supported",
    "incompatible",
    "Failed to",
    "failed to",
    "No common",
    "rejected",
    "timed out",
];
/// Steps of dialplan and channel.
const STEPS: &[&str] = &[
    "Executing [",
    "EXECUTE [",
    "Called ",
    " is ringing",
    " answered",
    "Launching ",
    "sending FAX",
    "receiving FAX",
    "switched to T.38",
    "Hangup",
    "hangup",
    "Spawn extension",
    "Processing ",
    "New Channel",
    "has been answered",
    "Negotiat",
    "T.38",
    "UDPTL",
    "No route",
    "CHANUNAVAIL",
    "CONGESTION",
    "busy",
    "Everyone is busy",
    "not found in context",
    "No matching",
    "Failed to authenticate",
    "Dialplan",
    "Couldn't",
    "Unable to",
    "cause",
    "refused",
    "Redirecting",
    "entering state",
];

/// What a message of the fax stack says.
pub(super) fn says(message: &str) -> Says {
    if let Some(frame) = octets(message) {
        return Says::Frame(frame);
    }
    let Some(flow) = of_stack(message) else {
        return of_channel(message);
    };
    if let Some(rest) = flow.strip_prefix("Changing from phase ") {
        let phase = rest.rsplit(' ').next().unwrap_or_default();
        return Says::Phase(phase.to_owned());
    }
    if let Some(timer) = flow.strip_prefix("Start ") {
        let timer = timer.trim();
        if is_timer(timer) {
            return Says::TimerStarted(timer.to_owned());
        }
    }
    if let Some((timer, _)) = flow.split_once(" expired") {
        let timer = timer.rsplit(' ').next().unwrap_or_default();
        if is_timer(timer) {
            return Says::TimerExpired(timer.to_owned());
        }
    }
    if let Some(sent) = direction(flow)
        && flow.contains(" final frame tag")
    {
        let page_data = flow.contains(" FCD ") || flow.contains(" RCP ");
        return if page_data {
            Says::Other
        } else {
            Says::Frame(LogFrame {
                sent,
                octets: Vec::new(),
                whole: false,
            })
        };
    }
    if flow.starts_with("Status changing to") || flow.starts_with("Call completed") {
        return Says::Outcome;
    }
    if TROUBLE.iter().any(|word| flow.contains(word)) || !message.starts_with("FLOW") {
        return Says::Trouble;
    }
    if flow.contains("Trainability") || flow.contains("Training succeeded") {
        return Says::Training;
    }
    let steps = [
        "tone is present",
        "Starting answer mode",
        "Starting calling mode",
        "Page quality",
        "Remote gave",
    ];
    if steps.iter().any(|word| flow.contains(word)) {
        return Says::Step;
    }
    Says::Other
}

/// Of the channel, the dialplan, the end.
fn of_channel(message: &str) -> Says {
    let end = [
        "FAX session '",
        "Fax processing",
        "Fax successfully",
        "FAXSTATUS",
        "FAXERROR",
        "FAXOPT",
    ];
    if end.iter().any(|word| message.contains(word)) && !message.contains("switched to T.38") {
        return Says::Outcome;
    }
    if TROUBLE
        .iter()
        .chain(STEPS)
        .any(|word| message.contains(word))
    {
        return Says::Step;
    }
    Says::Other
}

/// `T2`, `T4A`
fn is_timer(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next() == Some('T')
        && chars.next().is_some_and(|c| c.is_ascii_digit())
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '-')
        && text.len() <= 5
}

/// What spandsp says after its level and protocol: `FLOW T.30 Start T2`, `WARNING T.30 ...`.
pub(super) fn of_stack(message: &str) -> Option<&str> {
    let level = [
        "FLOW ",
        "WARNING ",
        "ERROR ",
        "PROTOCOL_ERROR ",
        "PROTOCOL_WARNING ",
        "DEBUG ",
    ];
    let rest = level.iter().find_map(|level| message.strip_prefix(level))?;
    // `FLOW 2 T.30`: a level of its own.
    let rest = rest
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .trim_start();
    let protocol = [
        "T.30 ", "T.38T ", "T.38 ", "T.38G ", "FAX ", "T.4 ", "T.31 ",
    ];
    let rest = protocol.iter().find_map(|name| rest.strip_prefix(name))?;
    Some(rest.trim_start())
}

fn direction(flow: &str) -> Option<bool> {
    // A tag may stand before it.
    let at = flow.find("x: ")?.checked_sub(1)?;
    match flow.as_bytes().get(at) {
        Some(b'T') => Some(true),
        Some(b'R') => Some(false),
        _ => None,
    }
}

/// `Tx:  ff 13 80 ...`: the octets of a message, in the bit order of the T.38 wire. Page data are none.
pub(super) fn octets(message: &str) -> Option<LogFrame> {
    let place = message.find("x:  ff ")?;
    let sent = match message.as_bytes().get(place.checked_sub(1)?) {
        Some(b'T') => true,
        Some(b'R') => false,
        _ => return None,
    };
    let mut octets = Vec::new();
    for word in message
        .get(place + 2..)?
        .split_ascii_whitespace()
        .take(OCTETS)
    {
        let octet = u8::from_str_radix(word, 16)
            .ok()
            .filter(|_| word.len() == 2)?;
        octets.push(octet.reverse_bits());
    }
    let kind = *octets.get(2)?;
    (!PAGE_DATA.contains(&kind)).then_some(LogFrame {
        sent,
        octets,
        whole: true,
    })
}
