//! Lines of the PBX's log in words.

use crate::call::log::{LogLine, Says};
use crate::call::{Call, Event};
use crate::field::Field;
use crate::t30::Fcf;
use crate::view::decode::fields::name;

/// What a line says, in a few words: for the lifeline, and its name in JSON.
pub fn short(line: &LogLine) -> String {
    match &line.says {
        Says::Frame(frame) => {
            let way = if frame.sent { "Tx" } else { "Rx" };
            let name = frame
                .octets
                .get(2)
                .map(|octet| Fcf::decode(*octet).0.name());
            name.map_or_else(|| clipped(&line.message), |name| format!("{way} {name}"))
        }
        Says::Phase(phase) => phase.strip_prefix("T30_PHASE_").map_or_else(
            || phase.clone(),
            |phase| format!("phase {}", phase.replace('_', " ")),
        ),
        Says::TimerStarted(timer) => format!("{timer} started"),
        Says::TimerExpired(timer) => format!("{timer} expired"),
        Says::Training | Says::Trouble | Says::Outcome | Says::Step | Says::Other => {
            clipped(message(line))
        }
    }
}

/// What `short` leaves out.
pub fn rest(line: &LogLine) -> String {
    let message = message(line);
    if short(line) == message {
        String::new()
    } else {
        format!("log: {message}")
    }
}

/// The message without what all lines of the stack begin with.
fn message(line: &LogLine) -> &str {
    let message = line.message.as_str();
    ["FLOW T.30 ", "FLOW T.38T ", "FLOW T.38 ", "FLOW "]
        .iter()
        .find_map(|start| message.strip_prefix(start))
        .map_or(message, str::trim_start)
}

fn clipped(text: &str) -> String {
    const MOST: usize = 26;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(MOST - 1).collect();
    short.push('\u{2026}');
    short
}

/// Where it stands, and what it says.
pub(super) fn fields(call: &Call, event: &Event, line: &LogLine) -> Vec<Field> {
    let mut fields = vec![
        Field::new("file", line.file.to_string()),
        Field::new("line", line.number.to_string()),
        Field::new("time in the log", line.stamp.clone()),
    ];
    if !line.level.is_empty() {
        fields.push(Field::new("level", line.level.clone()));
    }
    fields.push(Field::new("text", line.message.clone()));
    let message = call.log.as_ref().and_then(|log| log.message_of(event.id));
    let message = message.and_then(|id| call.events.get(usize::try_from(id.0).ok()?));
    if let Some(message) = message {
        let text = format!("{}, frame {}", name(message), message.frame);
        fields.push(Field::new("in the capture", text));
    } else if matches!(line.says, Says::Frame(_)) {
        fields.push(Field::new("in the capture", "no such message at this time"));
    }
    fields
}
