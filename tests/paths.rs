//! The path of a call against the truth files of ../shared/captures/paths.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail by panic"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

#[path = "support/json.rs"]
mod json;
#[path = "support/shared.rs"]
mod shared;

use json::{bare, flow, list, text};

/// What is known to fail: capture and aspect. It only shrinks.
const KNOWN: &[(&str, &str)] = &[];

/// The truth and what was found for one capture.
struct Case<'c> {
    truth: &'c Value,
    calls: &'c [Value],
}

impl Case<'_> {
    fn call(&self, call_id: &Value) -> Option<&Value> {
        self.calls.iter().find(|call| call["call_id"] == *call_id)
    }

    /// The hops of a dialog with their numbers in the whole truth, in the order of their numbers in the call.
    fn hops(&self, call_id: &Value) -> Vec<(usize, &Value)> {
        let all = list(&self.truth["hops"]).iter().enumerate();
        all.filter(|(_, hop)| hop["call_id"] == *call_id).collect()
    }

    /// Number of a hop of the truth in its call, from 1.
    fn number(&self, call_id: &Value, hop: &Value) -> Option<u64> {
        let hop = usize::try_from(hop.as_u64()?).ok()?;
        let place = self.hops(call_id).iter().position(|(at, _)| *at == hop)?;
        u64::try_from(place + 1).ok()
    }

    fn path(&self) -> Result<(), String> {
        let host = |one: &Value| (text(&one["addr"]).to_owned(), text(&one["role"]).to_owned());
        let addr = |text: &str| {
            text.rsplit_once(':')
                .map_or(text, |(addr, _)| addr)
                .to_owned()
        };
        let all = list(&self.truth["path"]);
        let sip: BTreeSet<String> = all
            .iter()
            .filter(|one| one["role"] != "media-proxy")
            .map(|one| addr(text(&one["addr"])).replace(['[', ']'], ""))
            .collect();
        // Nothing came so far, and no header names it.
        let reached = |one: &&Value| {
            let mut hops = list(&self.truth["hops"]).iter();
            hops.any(|hop| {
                let ends = hop["from"] == one["addr"] || hop["to"] == one["addr"];
                ends && hop["messages"] != 0
            })
        };
        // At the address of a SIP host it is that host.
        let own = |one: &&Value| one["role"] != "media-proxy" || !sip.contains(text(&one["addr"]));
        let wanted: Vec<_> = all
            .iter()
            .filter(|one| one["answered"] != false)
            .filter(|one| one["role"] != "callee" || reached(one))
            .filter(own)
            .map(host)
            .collect();
        let mut found: Vec<(String, String)> = Vec::new();
        for call in list(&self.truth["calls"]) {
            let call = self.call(&call["call_id"]).ok_or("no call")?;
            let mut hosts = list(&call["path"]).iter().map(host);
            if let Some(first) = hosts.next()
                && found.last().is_none_or(|last| last.0 != first.0)
            {
                found.push(first);
            }
            found.extend(hosts);
        }
        same(&found, &wanted)
    }

    fn hops_and_messages(&self) -> Result<(), String> {
        for truth in list(&self.truth["calls"]) {
            let id = &truth["call_id"];
            let call = self.call(id).ok_or("no call")?;
            let hop = |number: u64, hop: &Value| {
                let [from, to, transport] =
                    ["from", "to", "transport"].map(|name| text(&hop[name]).to_owned());
                (number, from, to, transport)
            };
            let captured = self.hops(id).into_iter().zip(1..);
            let wanted: Vec<_> = captured
                .filter(|((_, one), _)| one["captured"] == true && one["messages"] != 0)
                .map(|((_, one), number)| hop(number, one))
                .collect();
            let found: Vec<_> = list(&call["hops"])
                .iter()
                .map(|one| hop(one["number"].as_u64().unwrap(), one))
                .collect();
            same(&found, &wanted)?;
            self.messages(truth, call)?;
        }
        Ok(())
    }

    fn messages(&self, truth: &Value, call: &Value) -> Result<(), String> {
        let mut wanted: Vec<_> = list(&truth["sip"])
            .iter()
            .filter(|one| {
                let hop = usize::try_from(one["hop"].as_u64().unwrap()).unwrap();
                self.truth["hops"][hop]["captured"] == true
            })
            .map(|one| {
                let line = text(&one["line"]);
                let name = line
                    .strip_prefix("SIP/2.0 ")
                    .unwrap_or(line)
                    .split(' ')
                    .next()
                    .unwrap();
                let end = |name: &str| bare(text(&one[name]));
                (
                    end("src"),
                    end("dst"),
                    self.number(&truth["call_id"], &one["hop"]),
                    name.to_owned(),
                )
            })
            .collect();
        let sip = |one: &&Value| one["layer"] == "sip" && one["observed"] == true;
        let mut found: Vec<_> = list(&call["messages"])
            .iter()
            .filter(sip)
            .map(|one| {
                let name = text(&one["name"]).split(' ').next().unwrap().to_owned();
                (
                    bare(text(&one["src"])),
                    bare(text(&one["dst"])),
                    one["hop"].as_u64(),
                    name,
                )
            })
            .collect();
        wanted.sort();
        found.sort();
        same(&found, &wanted)
    }

    /// Whole control frames of each captured link of T.38.
    fn t30(&self) -> Result<(), String> {
        for fax in list(&self.truth["faxes"]) {
            let links = list(&fax["links"]).iter();
            for link in links.filter(|link| link["type"] == "udptl" && link["captured"] == true) {
                let leg = usize::try_from(link["leg"].as_u64().unwrap()).unwrap();
                let id = &fax["calls"][leg];
                let call = self.call(id).ok_or("no call")?;
                let side = if link["dir"] == "caller to callee" {
                    "caller"
                } else {
                    "callee"
                };
                let hop = self.number(id, &link["hop"]);
                let wanted: Vec<&str> = list(&link["seen_frames"])
                    .iter()
                    .filter(|one| {
                        one["fcs"] == "ok"
                            && one["damaged"] == false
                            && one["len"].as_u64() >= Some(3)
                    })
                    .filter(|one| !["FCD", "RCP"].contains(&text(&one["name"])))
                    .map(|one| text(&one["hex"]))
                    .collect();
                let found: Vec<&str> = list(&call["messages"])
                    .iter()
                    .filter(|one| one["layer"] == "t30" && one["fcs_ok"] == true)
                    .filter(|one| one["from"] == side && one["hop"].as_u64() == hop)
                    .map(|one| text(&one["hex"]))
                    .collect();
                // The truth cuts long frames.
                let fits = found.len() == wanted.len()
                    && found
                        .iter()
                        .zip(&wanted)
                        .all(|(found, wanted)| found.starts_with(wanted));
                if !fits {
                    return Err(format!("{side} on hop {hop:?}: {found:?}, not {wanted:?}"));
                }
            }
        }
        Ok(())
    }

    fn cause(&self) -> Result<(), String> {
        let mut wanted: BTreeSet<&str> = list(&self.truth["cause_ok"]).iter().map(text).collect();
        wanted.extend(self.truth["cause"].as_str());
        let found: BTreeSet<&str> = self.calls.iter().filter_map(|call| cause(call)).collect();
        match self.truth["cause"].as_str() {
            Some(_) if found.is_empty() || !found.is_subset(&wanted) => {
                Err(format!("{found:?}, not {wanted:?}"))
            }
            None if !found.is_empty() => Err(format!("{found:?}, not none")),
            _ => Ok(()),
        }
    }

    fn verdict(&self) -> Result<(), String> {
        let verdicts = self
            .calls
            .iter()
            .filter_map(|call| call["fax"]["verdict"].as_str());
        let good = self.truth["cause"].is_null();
        let wrong: Vec<&str> = verdicts
            .filter(|verdict| (*verdict == "ok") != good)
            .collect();
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(format!("{wrong:?}"))
        }
    }

    fn side(&self) -> Result<(), String> {
        let Some(wanted) = self.truth["side"].as_str() else {
            return Ok(());
        };
        if self.truth["cause"].is_null() {
            let also: Vec<&str> = list(&self.truth["also"]).iter().map(text).collect();
            let hints = self.calls.iter().flat_map(|call| list(&call["hints"]));
            let mut sides = hints
                .filter(|hint| also.contains(&text(&hint["rule"])))
                .map(|hint| text(&hint["side"]));
            return sides
                .any(|side| side == wanted)
                .then_some(())
                .ok_or_else(|| format!("no hint of {wanted}"));
        }
        let faulty = self.calls.iter().filter(|call| cause(call).is_some());
        let found: BTreeSet<&str> = faulty.map(fault_side).collect();
        same(&found, &BTreeSet::from([wanted]))
    }

    fn alarms(&self) -> Result<(), String> {
        let mut right: BTreeSet<&str> = ["also", "cause_ok"]
            .into_iter()
            .flat_map(|name| list(&self.truth[name]))
            .map(text)
            .collect();
        right.extend(self.truth["cause"].as_str());
        let hints = self.calls.iter().flat_map(|call| list(&call["hints"]));
        let loud =
            hints.filter(|hint| hint["severity"] == "error" || hint["severity"] == "warning");
        let wrong: BTreeSet<&str> = loud
            .map(|hint| text(&hint["rule"]))
            .filter(|rule| !right.contains(rule))
            .collect();
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(format!("{wrong:?}"))
        }
    }
}

/// The cause of a call, or of its fax.
fn cause(call: &Value) -> Option<&str> {
    call["cause"].as_str().or(call["fax"]["cause"].as_str())
}

fn fault_side(call: &Value) -> &str {
    let own = call["fault_side"].as_str();
    own.or(call["fax"]["fault_side"].as_str())
        .unwrap_or_default()
}

fn same<T: PartialEq + std::fmt::Debug>(found: &T, wanted: &T) -> Result<(), String> {
    if found == wanted {
        Ok(())
    } else {
        Err(format!("{found:?}, not {wanted:?}"))
    }
}

#[test]
#[cfg_attr(not(shared_captures), ignore = "needs ../shared/captures")]
fn paths_are_as_the_truth_says() {
    let directory = shared::shared("paths");
    let mut wrong = String::new();
    let mut known: BTreeSet<(&str, &str)> = KNOWN.iter().copied().collect();
    for (truth, capture) in shared::truths(&directory) {
        let calls = flow(&capture);
        let case = Case {
            truth: &truth,
            calls: &calls,
        };
        let name = text(&truth["name"]);
        let aspects = [
            ("path", case.path()),
            ("hops", case.hops_and_messages()),
            ("t30", case.t30()),
            ("cause", case.cause()),
            ("verdict", case.verdict()),
            ("side", case.side()),
            ("alarms", case.alarms()),
        ];
        for (aspect, result) in aspects {
            let expected = known.iter().copied().find(|one| *one == (name, aspect));
            match (result, expected) {
                (Err(_), Some(_)) | (Ok(()), None) => {}
                (Err(error), None) => {
                    let _ = writeln!(wrong, "{name}: {aspect}: {error}");
                }
                (Ok(()), Some(_)) => {
                    println!("{name}: {aspect} is right now: take it off the list");
                }
            }
            known.retain(|one| *one != (name, aspect));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(known.is_empty(), "no such capture: {known:?}");
}
