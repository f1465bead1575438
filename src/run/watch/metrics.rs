//! Counters of a watcher, as text of the `OpenMetrics` form.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use crate::analysis::AnalysedFlow;
use crate::call::FaultSide;
use crate::run::check::Found;
use crate::view::stats::{decisive, peer};

/// Combinations of labels that are told apart: each is a time series. Of what comes later the peer is "other".
const MOST: usize = 5000;

/// A fax, as it is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::run) struct Counted {
    verdict: String,
    cause: String,
    side: String,
    peer: String,
    #[serde(skip)]
    pages: u64,
}

impl Counted {
    /// By the leg on which it ended worst.
    pub(in crate::run) fn of(flow: &AnalysedFlow) -> Option<Self> {
        let leg = decisive(flow)?;
        let fax = leg.fax.as_ref()?;
        let side = fax.cause.and_then(|cause| cause.side);
        Some(Self {
            verdict: fax.verdict.name().to_owned(),
            cause: fax
                .cause
                .map(|cause| cause.rule)
                .unwrap_or_default()
                .to_owned(),
            side: side.map(FaultSide::name).unwrap_or_default().to_owned(),
            peer: peer(flow, leg),
            pages: fax.pages_confirmed.into(),
        })
    }
}

/// Sums over captures.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Sums {
    captures: u64,
    calls: u64,
    pages: u64,
    /// Seconds of the last packet.
    latest: u64,
    faxes: Vec<(Counted, u64)>,
    #[serde(skip)]
    places: BTreeMap<Counted, usize>,
}

impl Sums {
    /// What a capture adds.
    pub(super) fn of(found: &Found) -> Self {
        let mut sums = Self {
            captures: 1,
            calls: found.calls,
            latest: found.last_time.map_or(0, |at| at.0 / 1_000_000_000),
            ..Self::default()
        };
        for fax in &found.faxes {
            sums.pages += fax.pages;
            sums.count(fax, 1);
        }
        sums
    }

    fn count(&mut self, fax: &Counted, number: u64) {
        let mut fax = Counted {
            pages: 0,
            ..fax.clone()
        };
        if self.places.len() >= MOST && !self.places.contains_key(&fax) {
            "other".clone_into(&mut fax.peer);
        }
        let next = self.faxes.len();
        let place = *self.places.entry(fax.clone()).or_insert(next);
        match self.faxes.get_mut(place) {
            Some((_, sum)) => *sum += number,
            None => self.faxes.push((fax, number)),
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.captures += other.captures;
        self.calls += other.calls;
        self.pages += other.pages;
        self.latest = self.latest.max(other.latest);
        for (fax, number) in &other.faxes {
            self.count(fax, *number);
        }
    }
}

/// The text of the file.
pub(super) fn write(out: &mut dyn Write, sums: &Sums) -> io::Result<()> {
    let single = [
        (
            "captures",
            "counter",
            "_total",
            "Captures checked",
            sums.captures,
        ),
        ("calls", "counter", "_total", "Calls in them", sums.calls),
        (
            "pages_confirmed",
            "counter",
            "_total",
            "Pages confirmed",
            sums.pages,
        ),
        (
            "last_packet_timestamp_seconds",
            "gauge",
            "",
            "Time of the latest packet of all captures",
            sums.latest,
        ),
    ];
    for (name, kind, end, help, value) in single {
        writeln!(out, "# HELP faxflow_{name} {help}.")?;
        writeln!(out, "# TYPE faxflow_{name} {kind}")?;
        writeln!(out, "faxflow_{name}{end} {value}")?;
    }
    writeln!(
        out,
        "# HELP faxflow_faxes Faxes by verdict, cause, side that has to act, and peer."
    )?;
    writeln!(out, "# TYPE faxflow_faxes counter")?;
    for (fax, number) in &sums.faxes {
        let Counted {
            verdict,
            cause,
            side,
            peer,
            ..
        } = fax;
        // Words of ours and addresses: nothing in them is to be escaped.
        writeln!(
            out,
            "faxflow_faxes_total{{verdict=\"{verdict}\",cause=\"{cause}\",side=\"{side}\",peer=\"{peer}\"}} {number}"
        )?;
    }
    writeln!(out, "# EOF")
}
